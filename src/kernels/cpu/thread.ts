import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Outcome, Program, Setup, Thread, ThreadListener } from './program.ts'

// Threads and memory of Node; thread.browser.ts takes this file's place in the build for browsers.

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.')) // .ts from the sources, .js when built

/** Workers where no number is given: as many as can run at once. */
export const defaultThreads = (): number => availableParallelism()

/** Memory that `workerCount` workers read and write. */
export const sharedBuffer = (byteCount: number, _workerCount: number): ArrayBufferLike =>
  new SharedArrayBuffer(byteCount)

export function startThread(setup: Setup, listener: ThreadListener): Thread {
  const worker = new Worker(new URL(`./worker${extension}`, import.meta.url), { workerData: setup })
  worker.on('message', (outcome: Outcome) => listener.onOutcome(outcome))
  worker.on('error', (error: unknown) => listener.onEnd(error instanceof Error ? error.message : String(error)))
  worker.on('messageerror', (error) => listener.onEnd(error.message))
  worker.on('exit', (code) => listener.onEnd(`exit code ${code}`))
  worker.unref() // a process with nothing left to do may end; after the listeners, one of which would hold it
  return {
    post: (program: Program) => worker.postMessage(program),
    ref: () => worker.ref(),
    unref: () => worker.unref(),
    terminate: () => worker.terminate(),
  }
}
