import type { Genome } from '../../src/genome.ts'
import type { Model, RunPlan } from '../../src/model/model.ts'
import { contextBases, isFull } from './context.ts'
import { randomAccessContig } from './contig-source.ts'
import { packsPerGroupOf } from './jobs.ts'
import { checkedTracks, type PredictOptions, type PredictPlan } from './options.ts'
import { isShort, longestShort, mostPackBases } from './pack-plan.ts'
import { planStretch, type StrandOptions } from './strand-plan.ts'
import { runsOf, type StrandedStretch, stretchOf } from './stretch.ts'
import { randomAccessContigs, regionTargets, wholeOf } from './targets.ts'

const defaultMemoryBytes = 2 ** 32
const mostSpoolBytes = 2 ** 30

/**
 * Plans a run of `predict`, which takes the plan with the same options. Reads indices, computes nothing.
 *
 * @throws LimitError where the smallest chunk does not fit `memory`
 * @throws RegionError for a region that the genomes do not have
 * @throws ConfigError for options that cannot be
 */
export async function planPredict(
  model: Model,
  genomes: readonly Genome[],
  options: PredictOptions,
): Promise<PredictPlan> {
  const { info } = model
  const tracks = checkedTracks(model, options.tracks)
  const memoryBytes = options.memory ?? model.backend.limits.maxTotalBytes ?? defaultMemoryBytes
  const context = contextBases(info, options.parts ? 'full' : options.context)
  // Pieces of a causal model are computed one after the other, with nothing in place of what is not there.
  const padding = info.family === 'splice' ? info.receptiveField.left + info.receptiveField.right : 0
  const most = info.layer === undefined ? mostPackBases : mostStateBases(tracks, memoryBytes)
  const pack = options.chunk === undefined ? planPack(model, memoryBytes, most) : undefined
  const packBases = pack?.chunkBases ?? (options.chunk === undefined ? most : 0)
  const heldBytes = info.layer === undefined ? 0 : heldPacks * 4 * tracks.length * packBases

  let targets = 0
  let bases = 0
  let strandBases = 0
  let packed = 0
  let longest: StrandedStretch | undefined
  for await (const stretch of stretchesOf(genomes, options, context)) {
    const length = stretch.end - stretch.start
    targets++
    bases += length
    strandBases += runsOf(stretch.direction).length * length
    if (isShort(stretch, packBases, padding)) packed++
    if (!longest || reach(stretch) > reach(longest)) longest = stretch
  }
  const plan = { tracks, memoryBytes, context, isContextFull: isFull(info, context), packBases, padding }
  const alone = planLongest(model, longest, strandOptions(plan, options))
  const isCounted = Number.isFinite(bases)
  const unit = options.regions ? 'regions' : 'records'
  return {
    ...plan,
    targets: isCounted ? targets : undefined,
    bases: isCounted ? bases : undefined,
    strandBases: isCounted ? strandBases : undefined,
    packsPerGroup: options.packsPerGroup ?? packsPerGroupOf(options.regions, context),
    longest: alone,
    neededBytes: packed > 1 ? heldBytes + Math.max(pack?.memoryBytes ?? 0, alone.memoryBytes) : alone.memoryBytes,
    lines: packed > 1 ? [`short ${unit} in packs of up to ${packBases} bases`, ...alone.lines] : alone.lines,
  }
}

/** How the stretches of a planned run are run. */
export function strandOptions(
  { tracks, memoryBytes }: Pick<PredictPlan, 'tracks' | 'memoryBytes'>,
  { chunk, temporaryFolder = '.', signal }: PredictOptions,
): StrandOptions {
  const spoolBytes = Math.min(mostSpoolBytes, memoryBytes / 8)
  return { tracks, chunkBases: chunk, memoryBytes, spoolBytes, temporaryFolder, signal }
}

/** Records of a planned run that are read whole. */
export const shortBases = ({ packBases }: Pick<PredictPlan, 'packBases'>): number => longestShort(packBases)

/** Bytes of states that a pack may have: they are wide, so such packs are shorter. */
const mostStateBytes = 2 ** 25
/** Packs whose states are held: on the device and as values, of one that is used and of one on its way. */
const heldPacks = 5

const mostStateBases = (channels: readonly string[], memoryBytes: number): number =>
  Math.min(mostPackBases, Math.floor(Math.min(mostStateBytes, memoryBytes / 64) / (4 * channels.length)))

/** The pack of a windowed model that fits; a causal model's pieces are planned one by one. */
function planPack({ info, plan }: Model, memoryBytes: number, mostBases: number): RunPlan | undefined {
  if (info.family !== 'splice') return undefined
  return plan({
    tracks: [],
    length: mostBases,
    chunkBases: mostBases,
    leftContext: 0,
    rightContext: 0,
    memoryBytes,
  })
}

const reach = ({ start, end, before, after }: StrandedStretch): number => end - start + before + after

function planLongest(model: Model, longest: StrandedStretch | undefined, options: StrandOptions): RunPlan {
  if (longest) return planStretch(model, longest, options)
  const { tracks, chunkBases, memoryBytes } = options
  return model.plan({ tracks, chunkBases, memoryBytes, length: 1, leftContext: 0, rightContext: 0 })
}

/** All that is to be run; of a stream one record without end. */
async function* stretchesOf(
  genomes: readonly Genome[],
  options: PredictOptions,
  context: PredictPlan['context'],
): AsyncGenerator<StrandedStretch> {
  const { strand, signal } = options
  if (options.regions ?? options.parts) {
    const contigs = await randomAccessContigs(genomes, signal)
    for (const target of regionTargets(contigs, options)) yield stretchOf(target, context, strand)
    return
  }
  for (const genome of genomes) {
    const lengths = genome.isRandomAccess
      ? await genome.contigs(signal)
      : [{ name: genome.name, length: Number.POSITIVE_INFINITY }]
    for (const { name, length } of lengths) {
      const contig = randomAccessContig(genome, name, length, signal)
      if (length > 0) yield stretchOf({ contig, region: wholeOf(contig) }, context, strand)
    }
  }
}
