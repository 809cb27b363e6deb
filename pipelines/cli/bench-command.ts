import type { Argv, CommandModule } from 'yargs'
import { ConfigError } from '../../src/errors.ts'
import { measureCostConstants } from '../../src/kernels/long-conv/calibrate.cpu.ts'
import { defaultCostConstants } from '../../src/kernels/long-conv/cost-model.ts'
import type { Model, RunOptions } from '../../src/model/model.ts'
import { chooseDevice } from '../device/choose-device.ts'
import type { Environment } from './environment.ts'
import { loadModel } from '../models/load-model.ts'
import { createLog } from './log.ts'
import { keepPlanConstants, planConstants } from '../device/plan-constants.ts'
import { logOptions, runOptions } from './predict-arguments.ts'
import { print, printJson } from './print.ts'
import { showBytes, showCount } from '../run/show.ts'
import { freeMemory } from '../run/memory.ts'
import { parseBases, parseBytes, parseWhole } from './values.ts'

const defaultBases = 100_000
const trials = 3

/** `genoconv bench`: how fast a model runs here, without files. */
export const benchCommand = ({ signal }: Environment): CommandModule => ({
  command: 'bench',
  describe: 'Speed on this machine',
  builder: (yargs: Argv) => {
    const { model, device, chunk, memory, threads } = runOptions
    return yargs
      .options({ model, device, chunk, memory, threads })
      .option('bases', {
        type: 'string',
        requiresArg: true,
        describe: `Bases of the trial (default: ${showCount(defaultBases)})`,
      })
      .option('explain', {
        type: 'boolean',
        describe: 'Print how the model would be computed (chunks, convolutions, transforms) and stop',
      })
      .option('calibrate', {
        type: 'boolean',
        describe: 'Measure what CPU plans are chosen by, and keep it for every later run on this machine',
      })
      .conflicts('explain', 'calibrate')
      .options(logOptions)
      .example('$0 bench', 'the shipped model on the device that --device auto takes')
      .example('$0 bench --device cpu --threads 1 --bases 50k', 'one CPU thread, a short trial')
      .example(
        '$0 bench --explain -m LongSafari/hyenadna-small-32k-seqlen-hf --bases 1M',
        'the plan, each transform with its size and decomposition',
      )
      .example(
        '$0 bench --calibrate',
        'once on each kind of machine; a file in the cache folder, which GENOCONV_PLAN_CONSTANTS can name',
      )
      .example('$0 bench -m LongSafari/hyenadna-tiny-1k-seqlen-hf --json', 'another model, for machines')
  },
  handler: async (argv) => {
    const log = createLog({ quiet: argv['quiet'] === true, json: argv['json'] === true })
    const parsed = <T>(name: string, parse: (option: string, value: string) => T): T | undefined => {
      const value = argv[name]
      if (Array.isArray(value))
        throw new ConfigError({ where: `--${name}`, what: 'given twice', expected: 'once', got: value.join(' and ') })
      return value === undefined ? undefined : parse(`--${name}`, String(value))
    }
    if (argv['calibrate'] === true) {
      await calibrate(argv['json'] === true)
      return
    }
    const memoryBytes = parsed('memory', parseBytes) ?? freeMemory() / 2
    const threads = parsed('threads', (option, value) => parseWhole(option, value, 1))
    const choice = (argv['device'] ?? 'auto') as 'auto' | 'gpu' | 'cpu'
    const length = parsed('bases', parseBases) ?? defaultBases
    const specs = argv['model'] === undefined ? undefined : [argv['model']].flat().map(String)

    const { backend, reason } = await chooseDevice(choice, { threads, onWarning: log.warn })
    const model = await loadModel(specs, { backend, signal, onWarning: log.warn })
    const chunkBases = parsed('chunk', parseBases)
    if (argv['explain'] === true) {
      await explain(model, { length, chunkBases, memoryBytes }, argv['json'] === true)
      model.close()
      await backend.destroy()
      return
    }
    log.info(`${model.info.name} (${model.info.architecture}) on ${backend.description} (${reason})`)
    const seconds = await timeModel(model, { length, chunkBases, memoryBytes, signal })
    const basesPerSecond = length / seconds
    const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
    if (argv['json'] === true) {
      const result = {
        event: 'bench',
        model: model.info.name,
        device: backend.description,
        bases: length,
        seconds,
        basesPerSecond,
        peakMemoryBytes,
      }
      await printJson(result)
    } else {
      const perHour = ((basesPerSecond * 3600) / 1e9).toFixed(2)
      await print(
        `${showCount(basesPerSecond)} bases/s (${perHour} Gbases an hour), median of ${trials} trials of ${showCount(length)} bases, peak memory ${showBytes(peakMemoryBytes)}\n`,
      )
    }
    model.close()
    await backend.destroy()
  },
})

/** Measures the constants of the cost model and keeps them; says how they differ from the package's. */
async function calibrate(asJson: boolean): Promise<void> {
  const constants = measureCostConstants()
  const path = await keepPlanConstants(constants)
  if (asJson) {
    await printJson({ event: 'calibrated', path, constants })
    return
  }
  const { radixNs, leafNs, copyNs, memoryBytesPerNs, tapNs } = defaultCostConstants
  const row = (what: string, here: number, there: number): string =>
    `${what.padEnd(46)}${here.toPrecision(3).padStart(8)}${there.toPrecision(3).padStart(10)}\n`
  await print(
    `${' '.repeat(46)}${'here'.padStart(8)}${'package'.padStart(10)}\n` +
      row('radix-4 level, ns a complex point', constants.radixNs[4], radixNs[4]) +
      row('product and last levels, ns a complex point', constants.leafNs, leafNs) +
      row('value moved, ns', constants.copyNs, copyNs) +
      row('tap of the direct form, ns', constants.tapNs, tapNs) +
      row('memory, bytes a ns', constants.memoryBytesPerNs, memoryBytesPerNs) +
      `kept in ${path}\n`,
  )
}

/** How the model would be computed, and by which constants that was chosen. */
async function explain(
  model: Model,
  run: { length: number; chunkBases?: number; memoryBytes: number },
  asJson: boolean,
): Promise<void> {
  const { lines, memoryBytes } = model.plan({ ...run, tracks: [], leftContext: 0, rightContext: 0 })
  const { path, constants } = await planConstants()
  const device = model.backend.description
  if (asJson) {
    await printJson({
      event: 'plan',
      model: model.info.name,
      device,
      bases: run.length,
      memoryBytes,
      steps: lines,
      constants,
      constantsPath: path ?? null,
    })
    return
  }
  await print(
    `${model.info.name} on ${device}, ${showCount(run.length)} bases, ${showBytes(memoryBytes)}\n${lines.map((line) => `  ${line}\n`).join('')}`,
  )
  if (model.backend.kind === 'cpu')
    await print(
      `planned by ${path ?? "the package's constants (genoconv bench --calibrate measures this machine's)"}\n`,
    )
}

/** Median seconds of a run over made-up sequence, after one that is not counted. */
async function timeModel(
  model: Model,
  run: { length: number; chunkBases?: number; memoryBytes: number; signal: AbortSignal },
): Promise<number> {
  const tracks = model.info.tracks.filter((track) => track.isDefault).map((track) => track.name)
  const options: RunOptions = { ...run, tracks, leftContext: 0, rightContext: 0 }
  const seconds: number[] = []
  for (let trial = -1; trial < trials; trial++) {
    const start = performance.now()
    let bases = 0
    for await (const values of model.run(madeUpBases(run.length), options)) bases += values.tracks[tracks[0]].length
    if (bases !== run.length) throw new Error(`${bases} values of ${run.length} bases`)
    if (trial >= 0) seconds.push((performance.now() - start) / 1000)
  }
  return seconds.sort((a, b) => a - b)[Math.floor(trials / 2)]
}

async function* madeUpBases(length: number): AsyncGenerator<Uint8Array> {
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return 'ACGT'.charCodeAt(state >>> 30)
  }
  for (let at = 0; at < length; at += 65_536) yield Uint8Array.from({ length: Math.min(65_536, length - at) }, next)
}
