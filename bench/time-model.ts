import { availableParallelism } from 'node:os'
import { createCpuBackend } from '../src/kernels/cpu/cpu-backend.ts'
import type { Checkpoint } from '../src/model/checkpoint.ts'
import { createModel } from '../src/model/create-model.ts'
import type { Model } from '../src/model/model.ts'
import { median, peakBytes, type Timing } from './support.ts'

export interface ModelTiming extends Timing {
  readonly lines: readonly string[]
}

export interface Work {
  readonly length: number
  /** Real bases on each side. */
  readonly context: number
  readonly reps: number
  readonly threads: number
  /** Bytes that the model is told to stay within. */
  readonly memoryBytes: number
  /** A new model for each run: filters, and whatever else is made once, are made in every run. */
  readonly isFresh?: boolean
}

/**
 * Times a model over random bases; before, the values of a piece must be those of two smaller chunks (what chunk sizes
 * and oracles guarantee at large is tested, not here).
 */
export async function timeModel(checkpoint: Checkpoint, tolerance: number, work: Work): Promise<ModelTiming> {
  const backend = createCpuBackend({ threads: work.threads })
  let model = createModel([checkpoint], backend)
  const piece = Math.min(work.length, 6000)
  const whole = await runOnce(model, { ...work, length: piece, context: 0 })
  const cut = await runOnce(model, { ...work, length: piece, context: 0 }, Math.ceil(piece / 2) + 17)
  let difference = 0
  whole.forEach((value, t) => {
    if (t > 0) difference = Math.max(difference, Math.abs(value - cut[t]))
  })
  if (!(difference <= tolerance) || new Set(whole).size < piece / 10)
    throw new Error(`wrong values: two chunk sizes differ by ${difference}`)

  const seconds: number[] = []
  for (let rep = -1; rep < work.reps; rep++) {
    if (work.isFresh) {
      model.close()
      model = createModel([checkpoint], backend)
    }
    const start = performance.now()
    await runOnce(model, work)
    if (rep >= 0) seconds.push((performance.now() - start) / 1000)
  }
  const { lines } = model.plan({ ...runOptions(model, work), leftContext: work.context, rightContext: work.context })
  const timing = {
    basesPerSecond: work.length / median(seconds),
    peakBytes: peakBytes(),
    device: backend.description,
    lines,
  }
  model.close()
  await backend.destroy()
  return timing
}

const runOptions = (model: Model, { length, memoryBytes }: Work) => ({
  tracks: [model.info.tracks[0].name],
  length,
  memoryBytes,
})

/** Values of the model's first track. */
async function runOnce(model: Model, work: Work, chunkBases?: number): Promise<Float32Array> {
  const { length, context } = work
  const out = new Float32Array(length)
  const plan = model.plan({ ...runOptions(model, work), leftContext: context, rightContext: context, chunkBases })
  for await (const { start, tracks } of model.run(randomBases(length + 2 * context), plan))
    out.set(Object.values(tracks)[0], start)
  return out
}

async function* randomBases(length: number): AsyncGenerator<Uint8Array> {
  let state = 1
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return 'ACGT'.charCodeAt(state >>> 30)
  }
  for (let at = 0; at < length; at += 65_536) yield Uint8Array.from({ length: Math.min(65_536, length - at) }, next)
}

export const allThreads = availableParallelism()
