import { basename } from 'node:path'
import type { Genome } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import type { PredictOptions } from '../predict/options.ts'
import { planPredict } from '../predict/plan.ts'
import { indexHash, type InputHash, isContentHashed, runMetadata } from '../run/metadata.ts'
import { allRegions, type SequenceManifest } from './manifest.ts'

/** What one run over everything would say of itself on this device. */
export async function wholeMetadata(
  manifest: SequenceManifest,
  model: Model,
  genomes: readonly Genome[],
  run: PredictOptions,
): Promise<ReadonlyMap<string, string>> {
  const { command, contigs, files, targets, options: args } = manifest
  const regions = targets === 'regions' ? allRegions(manifest) : undefined
  const options = { ...run, regions }
  const inputHashes = files
    .filter(({ role }) => role === 'fasta')
    .map(
      ({ bytes, sha256 }): InputHash =>
        isContentHashed(bytes, !regions)
          ? { sha256, of: 'content' }
          : { sha256: indexHash(bytes, contigs), of: 'index' },
    )
  const regionFiles = files
    .filter(({ role }) => role === 'regions')
    .map(({ path, bytes, sha256 }) => ({ name: basename(path), bytes, sha256 }))
  const { longest: plan } = await planPredict(model, genomes, options)
  const metadata = await runMetadata({
    model,
    genomes,
    options,
    args,
    origin: { command, regionFiles },
    plan,
    inputHashes,
    regions,
  })
  return metadata(contigs)
}
