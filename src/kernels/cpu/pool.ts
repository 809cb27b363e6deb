import { DeviceError } from '../../errors.ts'
import { abortProgram, controlFields, countersPerStep, resetControl } from './context.ts'
import type { Outcome, Program, Thread } from './program.ts'
import type { Step } from './steps.ts'
import { sharedBuffer, startThread } from './thread.ts'
import type { WasmVariant } from './wasm.ts'

/** One worker, and who waits for its answer. */
interface Seat {
  readonly thread: Thread
  settle: ((outcome: Outcome) => void) | undefined
}

/**
 * Worker threads that run one program at a time; programs queue. A kernel that throws fails its program only. A thread
 * that dies ends the pool: the program then running and all later ones fail with the same DeviceError.
 */
export class WorkerPool {
  readonly #seats: readonly Seat[]
  readonly #control: Int32Array
  #counters: Int32Array = new Int32Array(0)
  #tail: Promise<void> = Promise.resolve()
  #closed: DeviceError | undefined
  #mustCollect = false

  constructor(workerCount: number, variant: WasmVariant) {
    this.#control = new Int32Array(sharedBuffer(controlFields * 4, workerCount))
    this.#seats = Array.from({ length: workerCount }, (_, workerIndex) => {
      const setup = { workerIndex, workerCount, control: this.#control, variant }
      const thread = startThread(setup, {
        onOutcome: (outcome) => seat.settle?.(outcome),
        onEnd: (text) => this.#lose(seat, text),
      })
      const seat: Seat = { thread, settle: undefined }
      return seat
    })
  }

  /** The threads, for tests of what happens when one dies. */
  get workers(): readonly Thread[] {
    return this.#seats.map((seat) => seat.thread)
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
    seat.thread.ref()
    try {
      return await new Promise<Outcome>((resolve) => {
        seat.settle = resolve
        seat.thread.post(program)
      })
    } finally {
      seat.settle = undefined
      seat.thread.unref()
    }
  }

  /** One buffer serves all programs: each new one would stay in the threads until they collect garbage. */
  #clearedCounters(stepCount: number): Int32Array {
    const count = stepCount * countersPerStep
    if (this.#counters.length < count) this.#counters = new Int32Array(sharedBuffer(count * 2 * 4, this.#seats.length))
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
