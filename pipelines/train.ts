import { ConfigError, LimitError } from '../src/errors.ts'
import type { Genome } from '../src/genome.ts'
import type { Annotation } from '../src/io/variants/annotation/read-genes.ts'
import type { Transcript } from '../src/io/variants/annotation/transcript.ts'
import { architectureOf, expectTrainable, freshTensors, type Tensors } from '../src/training/architectures.ts'
import { Random } from '../src/training/random.ts'
import { stepBytes, Trainer } from '../src/training/trainer.ts'
import { expectMade, expectOptions, expectSignal, show } from '../src/validate.ts'
import { accuracy, intervals } from './train/accuracy.ts'
import { prepareData } from './train/data.ts'
import { scoresOf } from './train/evaluate.ts'
import { modelFiles } from './train/model-files.ts'
import type { TrainOptions, TrainResult } from './train/options.ts'
import { scheduleOf } from './train/schedule.ts'
import { Session } from './train/session.ts'
import { type Asked, expectSameTraining } from './train/state-file.ts'
import { showRegions, splitGenes } from './train/split.ts'
import { ContigNames } from './variants/contigs.ts'

/** Bases of genes that are predicted to choose among steps. */
const mostSelectionBases = 1_000_000
/** Learning rates of a network that is good already. */
const fineTuningRates = 0.1

/**
 * Trains a splice model on a genome and its genes, on the CPU or a GPU, and writes a folder that `loadModel` takes. The same options on the
 * same device with the same number of threads give the same weights where the length is given in steps, interrupted and resumed or not.
 *
 * @throws ConfigError for options that cannot be, and where the output exists
 * @throws FormatError where no gene fits the sequence or none is left to train on, where the loss is not finite, and where `resume` finds
 *   another training
 * @throws LimitError where the data and a step do not fit `memory`, and when the disk is full
 */
export async function train(genome: Genome, genes: Annotation, options: TrainOptions): Promise<TrainResult> {
  expectOptions('train', options)
  expectMade('train: backend', options.backend, 'destroy', 'a backend of createBackend')
  expectSignal(options.signal)
  const { backend, seed = 1, signal, onNote, from } = options
  if (from && options.architecture)
    throw new ConfigError({
      option: 'architecture',
      what: 'cannot be combined with `from`: the weights have theirs',
      remedy: 'leave it out',
    })
  const { saveSeconds = 0 } = options
  if (!(saveSeconds >= 0))
    throw new ConfigError({
      option: 'saveSeconds',
      what: 'bad value',
      expected: 'a number of at least 0',
      got: show(saveSeconds),
    })
  const schedule = scheduleOf(options)
  const architecture = from
    ? expectTrainable(from.name, from.architecture)
    : architectureOf(options.architecture ?? 'splice')

  // 1. Genes: which to train on, to choose by, to test with.
  const contigs = await genome.contigs(signal)
  const transcripts = new ContigNames(contigs, genome.name, onNote).transcripts(genes, 'canonical')
  const split = splitGenes(transcripts, options)
  const { training, test } = split
  const selection = upTo(mostSelectionBases, split.selection)
  onNote?.(
    `${training.length} genes to train on, ${split.selection.length} for choosing, ${test.length} held out${split.cutCount > 0 ? `, ${split.cutCount} across a border and left out` : ''}`,
  )
  if (!options.holdOut || !options.select)
    onNote?.('held-out genes are chosen by position alone: homologues of them may be among those trained on')

  // 2. Sequence and targets.
  const { data, leftOut } = await prepareData(genome, contigs, split, signal)
  if (leftOut.length > 0)
    onNote?.(`${leftOut.length} genes are left out, as their introns do not fit the sequence: ${some(leftOut)}`)
  const bytes = 3 * data.stretches.reduce((sum, { codes }) => sum + codes.length, 0) + stepBytes(architecture)
  onNote?.(`about ${Math.ceil(bytes / 2 ** 20)} MiB for sequence, targets and a step`)
  if (options.memory !== undefined && bytes > options.memory)
    throw new LimitError({
      option: 'memory',
      what: 'too little for this training',
      expected: `at least ${Math.ceil(bytes / 2 ** 20)}M`,
      got: `${Math.floor(options.memory / 2 ** 20)}M`,
      remedy: 'give more `memory`, fewer genes, or a smaller `architecture`',
      neededBytes: bytes,
    })

  // 3. The network, and what an interrupted training left.
  // Only here: folders are of Node's world, and a browser can still import the library.
  const { TrainingFolder } = await import('../src/io/output/training-folder.ts')
  const folder = await TrainingFolder.open(options.output, {
    resume: options.resume === true,
    inputs: options.inputs,
  })
  try {
    const tensors: Tensors = from
      ? new Map([...from.tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))
      : freshTensors(architecture, new Random(seed))
    const trainer = new Trainer(backend, tensors, data, { architecture, seed, rateFactor: from ? fineTuningRates : 1 })
    const asked = {
      genome: { name: genome.name, bytes: genome.byteCount },
      genes: { training: training.length, sites: trainer.siteCount, selection: selection.length },
      architecture,
      from: from?.sha256,
      seed,
      length: { hours: options.hours, steps: options.steps },
      regions: { holdOut: split.holdOutRegions, select: split.selectRegions },
      device: backend.description,
    }
    const record = JSON.parse(JSON.stringify(asked)) as Asked
    if (folder.completed) {
      onNote?.(`${options.output} is complete already`)
      const { result, record: then = {} } = folder.completed as Partial<Completed>
      expectSameTraining(options.output, then, record)
      return { output: options.output, ...result! }
    }
    const session = new Session({
      trainer,
      data,
      genome,
      architecture,
      selection,
      folder,
      schedule,
      record,
      options,
    })
    const isResumed = options.resume === true && (await session.restore())
    if (isResumed) onNote?.(`resuming after step ${trainer.step}`)
    else {
      if (options.resume) onNote?.('the training was interrupted before its first step: starting from the beginning')
      if (!from) await trainer.calibrate()
    }

    // 4. Steps.
    await session.run()

    // 5. The test.
    const chosen = session.chosen
    const trial = { backend, genome, architecture, tensors: chosen.tensors, signal }
    const [acceptor, donor] = test.length > 0 ? await scoresOf(trial, test) : []
    const heldOut = acceptor && donor && { acceptor: { ...accuracy(acceptor) }, donor: { ...accuracy(donor) } }

    // 6. The folder.
    const { version } = await import('./run/version.ts')
    const withIntervals = (scores: NonNullable<typeof acceptor>) => {
      const { topK, averagePrecision } = intervals(scores, seed)
      return { ...accuracy(scores), topKInterval: topK, precisionInterval: averagePrecision }
    }
    const files = modelFiles(architecture, chosen.tensors, {
      name: baseName(options.output),
      architectureName: from
        ? 'the network of the weights that it started from'
        : `\`${options.architecture ?? 'splice'}\``,
      genomeName: baseName(genome.name),
      genesName: baseName(genes.name),
      startedFrom: from && `${baseName(from.name)} (SHA-256 ${from.sha256})`,
      geneCounts: { training: data.genes.length, selection: split.selection.length, test: test.length },
      siteCount: trainer.siteCount,
      leftOutCount: leftOut.length,
      holdOut: showRegions(split.holdOutRegions),
      select: showRegions(split.selectRegions),
      isSplitByUser: options.holdOut !== undefined && options.select !== undefined,
      steps: trainer.step,
      chosenStep: chosen.step,
      positions: session.positions,
      seconds: session.elapsed,
      seed,
      device: backend.description,
      version: version(),
      heldOut: acceptor && donor && { acceptor: withIntervals(acceptor), donor: withIntervals(donor) },
    })
    const result = {
      steps: trainer.step,
      positions: session.positions,
      seconds: session.elapsed,
      chosenStep: chosen.step,
      heldOut,
    }
    await folder.addMetrics({ step: trainer.step, result, record } satisfies Completed)
    await folder.finish(files)
    return { output: options.output, ...result }
  } finally {
    await folder.close()
  }
}

/** The last line of the metrics. */
interface Completed {
  readonly step: number
  readonly result: Omit<TrainResult, 'output'>
  readonly record: Asked
}

/** Genes of about that many bases, spread over all of them. */
function upTo(mostBases: number, genes: readonly Transcript[]): readonly Transcript[] {
  const bases = genes.reduce((sum, { start, end }) => sum + end - start, 0)
  const every = Math.max(1, Math.ceil(bases / mostBases))
  return genes.filter((_, i) => i % every === 0)
}

const baseName = (path: string): string => path.replace(/[/\\]+$/, '').replace(/^.*[/\\]/, '')
const some = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(', ') : `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`
