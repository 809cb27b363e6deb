import { availableParallelism } from 'node:os'
import { stat } from 'node:fs/promises'
import { ConfigError } from '../../src/errors.ts'
import type { Contig, Region } from '../../src/genome.ts'
import { readBed } from '../../src/io/fasta/bed.ts'
import { openGenome } from '../../src/io/fasta/open-genome.ts'
import { contigMap, parseRegion } from '../../src/io/fasta/region-text.ts'
import { TrainingFolder } from '../../src/io/output/training-folder.ts'
import { openGenes } from '../../src/io/variants/annotation/open-genes.ts'
import type { ArchitectureName } from '../../src/training/architectures.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { loadCheckpoints } from '../models/load-checkpoint.ts'
import type { TrainProgress, TrainResult } from '../train/options.ts'
import { train } from '../train.ts'
import type { Log } from './log.ts'
import { freeMemory, modelBytes } from './memory.ts'
import type { PredictRequest } from './request.ts'
import { showBytes, showCount } from './show.ts'

/** One run of `train` as a user asked for it, with every value checked. */
export interface TrainRequest extends Pick<PredictRequest, 'device' | 'memory' | 'threads'> {
  readonly fasta: string
  readonly genes: string
  readonly output: string
  readonly architecture?: ArchitectureName
  readonly from?: string
  /** Region texts and BED files. */
  readonly holdOut: readonly string[]
  readonly select: readonly string[]
  readonly hours?: number
  readonly steps?: number
  readonly seed: number
  readonly saveSeconds?: number
  readonly resume: boolean
}

export interface TrainOutcome extends TrainResult {
  readonly device: string
}

/** Between two lines about progress where there is no bar. */
const reportSeconds = 30

/** One run of `train`: opens what it reads, chooses a device, trains. */
export async function runTrain(
  request: TrainRequest,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<TrainOutcome> {
  const inputs = [request.fasta, request.genes, request.from ?? [], request.holdOut, request.select].flat()
  await TrainingFolder.check(request.output, { resume: request.resume, inputs })
  const memory = request.memory ?? freeMemory() / 2
  const threads = request.threads ?? availableParallelism()
  const genome = await openGenome(request.fasta, { onWarning: log.warn, signal })
  try {
    const genes = await openGenes(request.genes, { signal })
    const contigs = contigMap(await genome.contigs(signal))
    const [holdOut, select] = await Promise.all(
      [request.holdOut, request.select].map((words) => regionsOf(words, contigs, signal)),
    )
    const from = request.from === undefined ? undefined : await oneCheckpoint(request.from, log, signal)
    const { backend, reason } = await chooseDevice(request.device, { threads, onWarning: log.warn })
    log.info(`training on ${backend.description} (${reason})`)
    try {
      const { architecture, output, hours, steps, seed, saveSeconds, resume } = request
      const result = await train(genome, genes, {
        backend,
        output,
        architecture,
        from,
        holdOut,
        select,
        hours,
        steps,
        seed,
        saveSeconds,
        resume,
        inputs,
        memory: modelBytes(memory, threads),
        signal,
        onNote: log.info,
        onProgress: progressLines(log),
      })
      return { ...result, device: backend.description }
    } finally {
      await backend.destroy()
    }
  } finally {
    await genome.close()
  }
}

/** Undefined where nothing was given. */
async function regionsOf(
  words: readonly string[],
  contigs: ReadonlyMap<string, Contig>,
  signal: AbortSignal,
): Promise<Region[] | undefined> {
  if (words.length === 0) return undefined
  const regions: Region[] = []
  for (const word of words) {
    const isFile = (await stat(word).catch(() => undefined))?.isFile() ?? false
    if (isFile) regions.push(...(await readBed(word, contigs, signal)))
    else regions.push(parseRegion(word, contigs))
  }
  return regions
}

async function oneCheckpoint(spec: string, log: Log, signal: AbortSignal) {
  const checkpoints = await loadCheckpoints(spec, { signal, onWarning: log.warn })
  if (checkpoints.length > 1)
    throw new ConfigError({
      where: spec,
      what: 'an ensemble cannot be trained as one network',
      expected: 'one network',
      got: `${checkpoints.length} members`,
    })
  return checkpoints[0]
}

function progressLines(log: Log): (progress: TrainProgress) => void {
  let last = performance.now()
  return ({ step, done, loss, positionsPerSecond }) => {
    if (performance.now() - last < reportSeconds * 1000) return
    last = performance.now()
    log.info(
      `step ${showCount(step)}, ${(100 * done).toFixed(1)} %: loss ${loss.toFixed(5)}, ${showCount(positionsPerSecond)} positions a second, memory ${showBytes(process.memoryUsage().rss)}`,
    )
  }
}
