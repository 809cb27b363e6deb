import type { Model } from '../../src/model/model.ts'
import type { PlannedRun } from '../run/run-predict.ts'
import { showBytes, showCount, showSeconds } from '../run/show.ts'
import type { PredictOptions } from '../predict/options.ts'

/** Bases of the trial that the time is estimated from, and of the shorter one whose share of start-up is taken off. */
const trialBases = 20_000
const shortTrialBases = 2_000

/** The plan of a run in lines for people, and as JSON for machines. */
export async function describeDryRun(
  { model, genomes, options, plan, output, embedding, reserve }: PlannedRun,
  json: boolean,
): Promise<string> {
  const { filterSecondsPerBase = 0 } = plan.longest
  const seconds =
    plan.bases === undefined
      ? undefined
      : plan.bases * (1 / (await measureSpeed(model, options)) + filterSecondsPerBase)
  const memoryBytes = plan.neededBytes + reserve
  const strands = options.strand === 'both' ? 2 : 1
  const estimate = seconds === undefined ? undefined : seconds * strands
  if (json) {
    const { info, backend } = model
    return `${JSON.stringify({
      event: 'plan',
      inputs: genomes.map(({ name }) => name),
      targets: plan.targets ?? null,
      bases: plan.bases ?? null,
      model: info.name,
      architecture: info.architecture,
      ...embedding,
      device: backend.description,
      chunkBases: plan.longest.chunkBases,
      steps: plan.lines,
      memoryBytes,
      estimatedSeconds: estimate ?? null,
      format: output.format,
      output: output.path ?? '-',
    })}\n`
  }
  const what = options.regions ? 'regions' : 'records'
  const rows: [string, string][] = [
    ['input', genomes.map(({ name }) => name).join(', ')],
    [
      what,
      plan.targets === undefined
        ? 'a stream: not known'
        : `${showCount(plan.targets)}, ${showCount(plan.bases!)} bases`,
    ],
    ['model', `${model.info.name}: ${model.info.architecture}, ${showCount(model.info.parameterCount)} parameters`],
    embedding
      ? ['embedding', `layer ${embedding.layer}, pool ${embedding.pool}, ${showCount(options.tracks!.length)} values`]
      : ['tracks', options.tracks!.join(', ')],
    ['device', model.backend.description],
    ['chunk', `${showCount(plan.longest.chunkBases)} bases`],
    ...plan.lines.map((line): [string, string] => ['plan', line]),
    ['memory', `${showBytes(memoryBytes)} of ${showBytes(options.memory! + reserve)}`],
    [
      'time',
      estimate === undefined
        ? 'not known for a stream'
        : `about ${showSeconds(estimate)} (measured on ${showCount(trialBases)} bases${filterSecondsPerBase > 0 ? ', long filters estimated' : ''})`,
    ],
    ['output', `${output.path ?? 'standard output'} (${output.format})`],
  ]
  return rows.map(([name, value]) => `${`${name}:`.padEnd(11)}${value}\n`).join('')
}

/** Bases a second, from two short trials on made-up sequence: their difference leaves out what is done once. */
async function measureSpeed(model: Model, options: PredictOptions): Promise<number> {
  const time = async (length: number): Promise<number> => {
    const start = performance.now()
    const run = {
      tracks: options.tracks!,
      length,
      leftContext: 0,
      rightContext: 0,
      chunkBases: options.chunk,
      memoryBytes: options.memory!,
    }
    for await (const _ of model.run(pseudoBases(length), model.plan(run), options)) options.signal?.throwIfAborted()
    return (performance.now() - start) / 1000
  }
  await time(shortTrialBases) // compiles
  const short = await time(shortTrialBases)
  const long = await time(trialBases)
  return (trialBases - shortTrialBases) / Math.max(1e-4, long - short)
}

async function* pseudoBases(length: number): AsyncGenerator<Uint8Array> {
  yield Uint8Array.from({ length }, (_, t) => 'ACGT'.charCodeAt((t * t * 7 + t * 3) % 4))
}
