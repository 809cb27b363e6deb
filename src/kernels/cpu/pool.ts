import { Worker } from 'node:worker_threads'
import { DeviceError } from '../../errors.ts'
import type { OpName } from '../ops.ts'
import { abortProgram, type CpuInternalArguments, type CpuOpArguments, controlFields, countersPerStep, resetControl } from './context.ts'

export type Step =
  | { [K in OpName]: { readonly op: K; readonly args: CpuOpArguments[K] } }[OpName]
  | { [K in keyof CpuInternalArguments]: { readonly op: K; readonly args: CpuInternalArguments[K] } }[keyof CpuInternalArguments]
/** Steps run by all workers together, one after the other. */
export interface Program {
  readonly steps: readonly Step[]
  readonly counters: Int32Array
}
export interface Setup {
  readonly workerIndex: number
  readonly workerCount: number
  readonly control: Int32Array
}

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.')) // .ts from the sources, .js when built

/** Worker threads that run one program at a time; programs queue. */
export class WorkerPool {
  readonly workerCount: number
  readonly #workers: Worker[]
  readonly #control = new Int32Array(new SharedArrayBuffer(controlFields * 4))
  #tail: Promise<void> = Promise.resolve()
  #dead: DeviceError | undefined

  constructor(workerCount: number) {
    this.workerCount = workerCount
    this.#workers = Array.from({ length: workerCount }, (_, workerIndex) => {
      const worker = new Worker(new URL(`./worker${extension}`, import.meta.url), {
        workerData: { workerIndex, workerCount, control: this.#control } satisfies Setup,
      })
      worker.unref()
      worker.setMaxListeners(0)
      return worker
    })
  }

  run(steps: readonly Step[]): Promise<void> {
    if (steps.length === 0) return this.#tail
    const result = this.#tail.then(() => this.#runNow(steps))
    this.#tail = result.catch(() => {})
    return result
  }

  async #runNow(steps: readonly Step[]): Promise<void> {
    if (this.#dead) throw this.#dead
    resetControl(this.#control)
    const counters = new Int32Array(new SharedArrayBuffer(steps.length * countersPerStep * 4))
    const program: Program = { steps, counters }
    const outcomes = await Promise.all(this.#workers.map((worker) => this.#runOn(worker, program)))
    const failure = outcomes.find((o) => o !== undefined)
    if (failure !== undefined) {
      throw new DeviceError('worker', { where: 'cpu', what: `a compute thread failed (${failure.split('\n')[0]})`, remedy: 'if memory is short, give a smaller --memory', cause: failure })
    }
  }

  /** Resolves to the failure's text, if any; a thread that dies ends the program for all. */
  #runOn(worker: Worker, program: Program): Promise<string | undefined> {
    return new Promise((resolve) => {
      const settle = (failure: string | undefined): void => {
        worker.off('message', onMessage).off('error', onError).off('exit', onExit)
        worker.unref()
        resolve(failure)
      }
      const die = (text: string): void => {
        this.#dead ??= new DeviceError('worker', { where: 'cpu', what: `a compute thread died (${text})`, remedy: 'run again; with --resume nothing that was finished is lost' })
        abortProgram(this.#control)
        settle(text)
      }
      const onMessage = ({ failure }: { failure: string | undefined }): void => settle(failure)
      const onError = (error: unknown): void => die(error instanceof Error ? error.message : String(error))
      const onExit = (code: number): void => die(`exit code ${code}`)
      worker.on('message', onMessage).on('error', onError).on('exit', onExit)
      worker.ref()
      worker.postMessage(program)
    })
  }

  async destroy(): Promise<void> {
    this.#dead ??= new DeviceError('lost', { where: 'cpu', what: 'the backend was closed' })
    await this.#tail
    await Promise.all(this.#workers.map((w) => w.terminate()))
  }
}
