import { availableParallelism } from 'node:os'
import { ConfigError } from '../../src/errors.ts'
import { BlockPlaces } from '../../src/io/variants/vcf-part.ts'
import { expectOptions, expectSignal, expectText, expectTexts } from '../../src/validate.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { loadModel } from '../models/load-model.ts'
import { filesRead } from '../run/files-read.ts'
import { knownContigs, openGenomes, readRegions } from '../run/inputs.ts'
import { addReserve, modelBytes } from '../run/memory.ts'
import { variantsOrigin } from '../run/variants-metadata.ts'
import type { VariantsRequest } from '../run/variants-request.ts'
import { readAnnotation, scoreOptions } from '../run/variants-scoring.ts'
import { openVariantSource } from '../run/variants-source.ts'
import { openScorer } from '../variants/open-scorer.ts'
import type { VariantShardManifest } from './manifest.ts'
import { type ShardPlan, writeManifest } from './manifest-file.ts'
import { checkLocal, checkShape, defaultMemory, modelSources, needRandomAccess, plannedFiles } from './planned.ts'
import { cutRecords, recordUnits } from './record-units.ts'

/** What is to be cut into shards: the options of `variants` that change its output, and how many shards. */
export interface VariantShardRequest extends Partial<Omit<VariantsRequest, 'fasta' | 'output' | 'resume'>> {
  /** A FASTA file with random access. */
  readonly fasta: string
  /** The manifest to write; shards will lie in `shards/` beside it. */
  readonly output: string
  /** How many. */
  readonly shards: number
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
  readonly onNote?: (text: string) => void
}

/**
 * Cuts what `variants` would do into shards and writes the manifest. Records that are computed together stay together: so
 * the values are bit for bit those of one run. Reads all of the VCF; memory does not depend on its length.
 *
 * @throws ConfigError for options that cannot be, or an output that is an input; FormatError and RegionError for inputs and
 *   models that cannot be read; LimitError where `memory` is too little
 */
export async function planVariantShards(given: VariantShardRequest): Promise<VariantShardManifest> {
  const request = withDefaults(given)
  const { fasta, vcf, genes, bedFiles, models, output, shards, signal } = request
  const { onWarning = () => {}, onNote } = given
  const memory = request.memory ?? defaultMemory()
  const threads = request.threads ?? availableParallelism()
  const files = { fasta: [fasta], variants: vcf === undefined ? [] : [vcf] }
  const geneFiles = genes === undefined || genes === 'none' ? [] : [genes]
  for (const input of [fasta, ...files.variants, ...geneFiles]) checkLocal(input)
  const genomes = await openGenomes([fasta], { onWarning, signal, maxHeldBytes: memory / 4 })
  const [genome] = genomes
  try {
    const contigs = (await knownContigs(genomes, signal)) ?? needRandomAccess(genomes)
    const regions = await readRegions(request, genomes, signal)
    const planned = await plannedFiles(output, { ...files, genes: geneFiles, regions: bedFiles }, signal)
    const annotation = await readAnnotation(request, signal)
    const places = new BlockPlaces()
    const onBlock = (offset: number, bytes: number): void => places.add(offset, bytes)
    const source = await openVariantSource(request, { genome, regions, signal, onWarning, onBlock })
    const { backend } = await chooseDevice(request.device, { threads, precision: request.precision, onWarning })
    try {
      const model = await loadModel(models, { backend, signal, onWarning })
      const scorer = await openScorer(model, genome, {
        ...scoreOptions(request, annotation),
        memory: modelBytes(memory, threads),
        listName: source.name,
        signal,
        onNote,
      })
      const found = await recordUnits(source.records, scorer.around, places)
      const { name, sha256, family, tracks } = model.info
      model.close()
      const plan: ShardPlan<VariantShardManifest> = {
        command: (await variantsOrigin({ ...request, threads }, signal)).command,
        model: { sources: await modelSources(models, output), name, sha256 },
        files: planned,
        contigs: contigs.map((contig) => ({ name: contig.name, length: contig.length })),
        work: 'variants',
        options: { ...optionsOf(request), memory, threads },
        scores: { family, tracks: tracks.map((track) => track.name) },
        holds: request.format === 'vcf' || request.format === 'vcf.gz' ? 'vcf' : 'table',
        regions: regions ?? [],
        shards: cutRecords(found, shards, vcf !== undefined),
      }
      const inputs = { inputs: [fasta], bedFiles: [...files.variants, ...geneFiles, ...bedFiles], models }
      return await writeManifest<VariantShardManifest>(output, plan, await filesRead(inputs))
    } finally {
      await source.close()
      await backend.destroy()
    }
  } catch (error) {
    throw addReserve(error, memory, threads)
  } finally {
    await genome.close()
  }
}

type Complete = VariantsRequest &
  Pick<VariantShardRequest, 'output' | 'shards' | 'signal'> & { readonly output: string }

/** The request with the defaults of `variants`. What is wrong with values is found by what takes them. */
function withDefaults(given: VariantShardRequest): Complete {
  const request = expectOptions('planShards', (given ?? null) as VariantShardRequest)
  for (const option of ['fasta', 'vcf', 'genes'] as const)
    if (option === 'fasta' || request[option] !== undefined) expectText(option, request[option] as string)
  for (const option of ['models', 'regionTexts', 'bedFiles'] as const) expectTexts(option, request[option])
  expectSignal(request.signal)
  checkShape(request)
  const { vcf, everySnv = false, everyIndel = false, regionTexts = [], bedFiles = [] } = request
  const hasRegions = regionTexts.length + bedFiles.length > 0
  if (vcf === undefined ? !((everySnv || everyIndel) && hasRegions) : everySnv || everyIndel || hasRegions)
    throw new ConfigError({
      option: 'vcf',
      what:
        vcf === undefined ? 'nothing is to be scored' : 'cannot be combined with `everySnv`, `everyIndel` or regions',
      expected: 'a VCF, or `everySnv` or `everyIndel` and regions',
    })
  return {
    models: [],
    transcripts: 'canonical',
    distance: 50,
    mnv: 'scores',
    normalize: 'asis',
    raw: false,
    digits: 2,
    infoId: 'GENOCONV',
    replace: false,
    givesReasons: true,
    onBadRecord: 'error',
    device: 'auto',
    precision: 'f32',
    format: vcf === undefined ? 'arrow' : 'vcf',
    ...(Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)) as typeof request),
    everySnv,
    everyIndel,
    regionTexts,
    bedFiles,
    resume: false,
  }
}

function optionsOf(request: VariantsRequest): Omit<VariantShardManifest['options'], 'memory' | 'threads'> {
  const { transcripts, distance, context, mask, mnv, normalize, raw, digits, infoId } = request
  const { replace, givesReasons, onBadRecord, everySnv, everyIndel, precision, genes } = request
  const scores = { transcripts, distance, context, mask, mnv, normalize, raw, digits, infoId }
  return {
    ...scores,
    replace,
    givesReasons,
    onBadRecord,
    everySnv,
    everyIndel,
    precision,
    isGeneless: genes === 'none',
  }
}
