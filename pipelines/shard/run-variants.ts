import { FormatError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import { writeEncoded } from '../../src/io/output/write-encoded.ts'
import type { VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import type { Model } from '../../src/model/model.ts'
import { modelBytes } from '../run/memory.ts'
import { variantEncoding } from '../run/variants-encoding.ts'
import type { VariantsRequest } from '../run/variants-request.ts'
import { readAnnotation, scoreOptions } from '../run/variants-scoring.ts'
import { openVariantSource } from '../run/variants-source.ts'
import { VariantsTally } from '../run/variants-tally.ts'
import { scoreVariants } from '../variants.ts'
import { checkMemory } from './fit.ts'
import { type PlannedFile, resolveBeside, type VariantShardManifest } from './manifest.ts'
import { type ShardRun, shardMark } from './shard-run.ts'
import { type SavedCounts, savedCounts } from './variant-counts.ts'

/** Scores the shard's records into `sink`; gives what is counted of them. */
export async function runVariantsShard(
  run: ShardRun<VariantShardManifest>,
  model: Model,
  genome: Genome,
): Promise<SavedCounts> {
  const { manifest, id, sink } = run
  const { signal, onWarning = () => {}, onInfo, onRecords } = run.options
  const { memory, threads } = manifest.options
  checkMemory(memory, run.options.memory, onWarning)
  const request = requestOf(run)
  const part = manifest.shards[id]
  const genes = await readAnnotation(request, signal)
  const source = await openVariantSource(request, { genome, regions: manifest.regions, signal, onWarning, part })
  try {
    const encoding = await variantEncoding({
      request,
      genome,
      header: source.header,
      format: manifest.holds === 'vcf' ? 'vcf' : 'arrow',
      model,
      origin: { command: manifest.command, regionFiles: [] },
      signal,
      moreMetadata: shardMark(run),
    })
    const tally = new VariantsTally()
    const scored = scoreVariants(model, genome, counted(source.records, part.rows, source.name), {
      ...scoreOptions(request, genes),
      memory: modelBytes(memory, threads),
      listName: source.name,
      signal,
      onNote: onInfo,
      onProgress: ({ contig, variantsDone }) =>
        onRecords?.({ contig, recordsDone: variantsDone, fraction: variantsDone / part.rows }),
    })
    await writeEncoded(encoding.encode(tally.watch(scored), undefined), sink)
    return savedCounts(tally)
  } finally {
    await source.close()
  }
}

/** What `variants` would have been asked for. */
function requestOf({ manifestPath, manifest }: ShardRun<VariantShardManifest>): VariantsRequest {
  const { isGeneless, ...options } = manifest.options
  const pathOf = (role: PlannedFile['role']): string | undefined => {
    const file = manifest.files.find((one) => one.role === role)
    return file && resolveBeside(manifestPath, file.path)
  }
  return {
    ...options,
    fasta: pathOf('fasta')!,
    vcf: pathOf('variants'),
    genes: isGeneless ? 'none' : pathOf('genes'),
    models: [],
    device: 'auto',
    regionTexts: [],
    bedFiles: [],
    resume: false,
  }
}

/** FormatError where there are not as many records as were planned. */
async function* counted(records: AsyncIterable<VcfRecord>, rows: number, where: string): AsyncGenerator<VcfRecord> {
  let count = 0
  for await (const record of records) {
    if (++count > rows) break
    yield record
  }
  if (count === rows) return
  const got = count > rows ? 'more' : `${count}`
  throw new FormatError({ where, what: 'not the planned records', expected: `${rows}`, got, remedy: 'plan again' })
}
