import type { DeviceError } from '../../errors.ts'
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

/** Who is told of what a worker does. */
export interface ThreadListener {
  onOutcome(outcome: Outcome): void
  /** It has ended, with every program it was given. */
  onEnd(text: string): void
}

/** A worker as its pool sees it. */
export interface Thread {
  post(program: Program): void
  /** Whether the process waits for it. */
  ref(): void
  unref(): void
  terminate(): Promise<unknown>
}
