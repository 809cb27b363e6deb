import { measureCostConstants } from '../../src/kernels/long-conv/calibrate.cpu.ts'
import { defaultCostConstants } from '../../src/kernels/long-conv/cost-model.ts'
import type { Model } from '../../src/model/model.ts'
import { chooseDevice } from '../device/choose-device.ts'
import { keepPlanConstants, planConstants } from '../device/plan-constants.ts'
import { loadModel } from '../models/load-model.ts'
import { freeMemory } from '../run/memory.ts'
import { showBytes, showCount } from '../run/show.ts'
import type { Environment } from './environment.ts'
import { parseMachineOptions } from './predict-arguments.ts'
import { print, printJson } from './print.ts'
import { parseBases } from './values.ts'
import { type Argv, Words } from './words.ts'

const defaultBases = 100_000
const trials = 3

/** What `genoconv bench` does once yargs has split its words. */
export async function bench(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const asJson = words.isOn('json')
  if (words.isOn('calibrate')) return calibrate(asJson)
  const { device, chunk: chunkBases, memory: memoryBytes = freeMemory() / 2, threads } = parseMachineOptions(words)
  const length = words.parsed('bases', parseBases) ?? defaultBases
  const { backend, reason } = await chooseDevice(device, { threads, onWarning: log.warn })
  try {
    const model = await loadModel(words.all('model'), { backend, signal, onWarning: log.warn })
    const run = { length, chunkBases, memoryBytes }
    if (words.isOn('explain')) return await explain(model, run, asJson)
    log.info(`${model.info.name} (${model.info.architecture}) on ${backend.description} (${reason})`)
    const seconds = await timeModel(model, { ...run, signal })
    await report({ model: model.info.name, device: backend.description, bases: length, seconds }, asJson)
  } finally {
    await backend.destroy()
  }
}

interface Measured {
  readonly model: string
  readonly device: string
  readonly bases: number
  readonly seconds: number
}

async function report(measured: Measured, asJson: boolean): Promise<void> {
  const { bases, seconds } = measured
  const basesPerSecond = bases / seconds
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
  if (asJson) {
    printJson({ event: 'bench', ...measured, basesPerSecond, peakMemoryBytes })
    return
  }
  const perHour = ((basesPerSecond * 3600) / 1e9).toFixed(2)
  await print(
    `${showCount(basesPerSecond)} bases/s (${perHour} Gbases an hour), median of ${trials} trials of ${showCount(bases)} bases, peak memory ${showBytes(peakMemoryBytes)}\n`,
  )
}

/** Measures the constants of the cost model and keeps them; says how they differ from the package's. */
async function calibrate(asJson: boolean): Promise<void> {
  const constants = measureCostConstants()
  const path = await keepPlanConstants(constants)
  if (asJson) {
    return printJson({ event: 'calibrated', path, constants })
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
    return printJson({
      event: 'plan',
      model: model.info.name,
      device,
      bases: run.length,
      memoryBytes,
      steps: lines,
      constants,
      constantsPath: path ?? null,
    })
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
  const plan = model.plan({ ...run, tracks, leftContext: 0, rightContext: 0 })
  const seconds: number[] = []
  for (let trial = -1; trial < trials; trial++) {
    const start = performance.now()
    let bases = 0
    for await (const values of model.run(madeUpBases(run.length), plan, run)) bases += values.tracks[tracks[0]].length
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
