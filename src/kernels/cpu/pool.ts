import { Worker } from 'node:worker_threads'
import { DeviceError } from '../../errors.ts'
import { abortProgram, controlFields, countersPerStep, resetControl } from './context.ts'
import type { Step } from './steps.ts'
import type { WasmVariant } from './wasm.ts'

/** Steps run by all workers together, one after the other. */
export interface Program {
  readonly steps: readonly Step[]
  readonly counters: Int32Array
  /** Collect garbage first: buffers that were given up are still held by this thread's dead objects. */
  readonly collect: boolean
}
/** What a worker answers to a program. */
export interface Outcome {
  readonly failure?: { readonly reason: DeviceError['reason']; readonly text: string }
}
export interface Setup {
  readonly workerIndex: number
  readonly workerCount: number
  readonly control: Int32Array
  readonly variant: WasmVariant
}

/** One worker, and who waits for its answer. */
interface Seat {
  readonly worker: Worker
  settle: ((outcome: Outcome) => void) | undefined
}

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.')) // .ts from the sources, .js when built

/**
 * Worker threads that run one program at a time; programs queue. A kernel that throws fails its program only. A thread
 * that dies ends the pool: the program then running and all later ones fail with the same DeviceError.
 */
export class WorkerPool {
  readonly #seats: readonly Seat[]
  readonly #control = new Int32Array(new SharedArrayBuffer(controlFields * 4))
  #counters: Int32Array = new Int32Array(0)
  #tail: Promise<void> = Promise.resolve()
  #closed: DeviceError | undefined
  #mustCollect = false

  constructor(workerCount: number, variant: WasmVariant) {
    this.#seats = Array.from({ length: workerCount }, (_, workerIndex) => {
      const worker = new Worker(new URL(`./worker${extension}`, import.meta.url), {
        workerData: { workerIndex, workerCount, control: this.#control, variant } satisfies Setup,
      })
      const seat: Seat = { worker, settle: undefined }
      worker.on('message', (outcome: Outcome) => seat.settle?.(outcome))
      worker.on('error', (error: unknown) => this.#lose(seat, error instanceof Error ? error.message : String(error)))
      worker.on('messageerror', (error) => this.#lose(seat, error.message))
      worker.on('exit', (code) => this.#lose(seat, `exit code ${code}`))
      worker.unref() // a process with nothing left to do may end; after the listeners, one of which would hold it
      return seat
    })
  }

  /** The threads, for tests of what happens when one dies. */
  get workers(): readonly Worker[] {
    return this.#seats.map((seat) => seat.worker)
  }

  /** Runs the steps after all that were given before. Rejects with a DeviceError. */
  run(steps: readonly Step[]): Promise<void> {
    const result = this.#tail.then(() => this.#runNow(steps))
    this.#tail = result.catch(() => {})
    return result
  }

  /** Before the next program the threads collect garbage. */
  collectBeforeNext(): void {
    this.#mustCollect = true
  }

  async #runNow(steps: readonly Step[]): Promise<void> {
    if (this.#closed) throw this.#closed
    if (steps.length === 0) return
    const program: Program = { steps, counters: this.#clearedCounters(steps.length), collect: this.#mustCollect }
    this.#mustCollect = false
    resetControl(this.#control)
    const outcomes = await Promise.all(this.#seats.map((seat) => this.#runOn(seat, program)))
    if (this.#closed) throw this.#closed
    const failure = outcomes.find((outcome) => outcome.failure)?.failure
    if (!failure) return
    throw new DeviceError(failure.reason, {
      where: 'cpu',
      what: `a compute thread failed (${failure.text.split('\n')[0]})`,
      remedy: failure.reason === 'out-of-memory' ? 'give a smaller `chunk` or `memory`' : undefined,
      cause: failure.text,
    })
  }

  async #runOn(seat: Seat, program: Program): Promise<Outcome> {
    seat.worker.ref()
    try {
      return await new Promise<Outcome>((resolve) => {
        seat.settle = resolve
        seat.worker.postMessage(program)
      })
    } finally {
      seat.settle = undefined
      seat.worker.unref()
    }
  }

  /** One buffer serves all programs: each new one would stay in the threads until they collect garbage. */
  #clearedCounters(stepCount: number): Int32Array {
    const count = stepCount * countersPerStep
    if (this.#counters.length < count) this.#counters = new Int32Array(new SharedArrayBuffer(count * 2 * 4))
    return this.#counters.fill(0)
  }

  #lose(seat: Seat, text: string): void {
    this.#closed ??= new DeviceError('worker', {
      where: 'cpu',
      what: `a compute thread died (${text})`,
      remedy: 'run again; with `resume` nothing that was finished is lost',
    })
    abortProgram(this.#control)
    seat.settle?.({})
  }

  /** Stops what runs; it and whatever is given later fails with DeviceError('lost'). */
  async destroy(): Promise<void> {
    this.#closed ??= new DeviceError('lost', { where: 'cpu', what: 'the backend was closed' })
    abortProgram(this.#control)
    await Promise.all(this.workers.map((worker) => worker.terminate()))
    await this.#tail
  }
}
