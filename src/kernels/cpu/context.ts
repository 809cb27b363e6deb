import { type WasmSource, type WasmVariant, WasmScratch } from './wasm.ts'

/** Counters per step of a program; a kernel may share out tiles and meet at barriers a few times. */
export const countersPerStep = 16

const ARRIVED = 0
const GENERATION = 1
const ABORTED = 2
/** Int32 fields of a pool's control memory. */
export const controlFields = 3

/** Another worker failed; this one stops quietly. */
export class Aborted extends Error {}

/** What a kernel sees of the pool: its share of the work, meeting points, and this worker's WASM scratch memories. */
export class CpuContext {
  readonly workerIndex: number
  readonly workerCount: number
  readonly #control: Int32Array
  readonly #variant: WasmVariant
  #counters: Int32Array = new Int32Array(0)
  #nextCounter = 0
  readonly #scratches = new Map<WasmSource, WasmScratch>()

  constructor(workerIndex: number, workerCount: number, control: Int32Array, variant: WasmVariant) {
    this.workerIndex = workerIndex
    this.workerCount = workerCount
    this.#control = control
    this.#variant = variant
  }

  beginStep(counters: Int32Array, step: number): void {
    this.#counters = counters.subarray(step * countersPerStep, (step + 1) * countersPerStep)
    this.#nextCounter = 0
  }

  /**
   * This worker's share of 0 .. count - 1, handed out one by one as workers become free. Every worker must call it the
   * same number of times in a step. Ends by throwing where another worker failed or the backend is closed.
   */
  *tiles(count: number): Generator<number> {
    const counter = this.#nextCounter++
    if (counter >= countersPerStep)
      throw new Error(`a kernel shares out work more than ${countersPerStep} times in one step`)
    for (;;) {
      if (Atomics.load(this.#control, ABORTED) !== 0) throw new Aborted()
      const tile = Atomics.add(this.#counters, counter, 1)
      if (tile >= count) return
      yield tile
    }
  }

  /** Waits until all workers are here. */
  barrier(): void {
    const control = this.#control
    const generation = Atomics.load(control, GENERATION)
    if (Atomics.add(control, ARRIVED, 1) === this.workerCount - 1) {
      Atomics.store(control, ARRIVED, 0)
      Atomics.add(control, GENERATION, 1)
      Atomics.notify(control, GENERATION)
    } else {
      // A short spin first: waking a sleeping thread takes longer than most waits here last.
      for (let i = 0; i < 2000 && Atomics.load(control, GENERATION) === generation; i++);
      while (Atomics.load(control, GENERATION) === generation) {
        if (Atomics.load(control, ABORTED) !== 0) break
        Atomics.wait(control, GENERATION, generation, 100)
      }
    }
    if (Atomics.load(control, ABORTED) !== 0) throw new Aborted()
  }

  abort(): void {
    abortProgram(this.#control)
  }

  /** This worker's instance of a kernel module (compiled on first use) and its scratch memory. */
  wasm<Exports>(source: WasmSource<Exports>): WasmScratch<Exports> {
    let scratch = this.#scratches.get(source)
    if (!scratch) {
      scratch = new WasmScratch(source, this.#variant)
      this.#scratches.set(source, scratch)
    }
    return scratch as WasmScratch<Exports>
  }
}

/** Ends all waits of the program now running. */
export function abortProgram(control: Int32Array): void {
  Atomics.store(control, ABORTED, 1)
  Atomics.notify(control, GENERATION)
}

/** Before a new program, when no worker runs. */
export function resetControl(control: Int32Array): void {
  Atomics.store(control, ARRIVED, 0)
  Atomics.store(control, ABORTED, 0)
}
