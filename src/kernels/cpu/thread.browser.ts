import { ConfigError } from '../../errors.ts'
import type { Outcome, Program, Setup, Thread, ThreadListener } from './program.ts'
import { ProgramRunner } from './run-program.ts'
import { show } from '../../validate.ts'

// Threads and memory of a browser, in the place of thread.ts: web workers where the page may share memory with them; else one
// worker that is no thread of its own, in memory that is not shared.

/** The text of worker.browser.ts, bundled; put in by scripts/build-browser.mjs. */
declare const GENOCONV_WORKER: string

const canShare = (): boolean => globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === 'function'

export const defaultThreads = (): number => (canShare() ? Math.max(1, navigator.hardwareConcurrency) : 1)

/**
 * Memory that `workerCount` workers read and write.
 *
 * @throws ConfigError for several workers on a page that cannot share memory
 */
export function sharedBuffer(byteCount: number, workerCount: number): ArrayBufferLike {
  if (workerCount === 1) return new ArrayBuffer(byteCount)
  if (canShare()) return new SharedArrayBuffer(byteCount)
  throw new ConfigError({
    option: 'threads',
    what: 'this page cannot share memory between threads',
    expected: '1, or a cross-origin isolated page',
    got: show(workerCount),
    remedy: 'leave the option out, or serve the page with Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy',
  })
}

export const startThread = (setup: Setup, listener: ThreadListener): Thread =>
  setup.workerCount === 1 ? inlineThread(setup, listener) : workerThread(setup, listener)

/** Milliseconds that steps may take before the events of this thread have their turn. */
const turnMilliseconds = 8

function inlineThread(setup: Setup, listener: ThreadListener): Thread {
  const runner = new ProgramRunner(setup)
  const { port1, port2 } = new MessageChannel()
  let turnEnds = 0
  const pause = (): Promise<void> | undefined => {
    if (performance.now() < turnEnds) return undefined
    return new Promise((resolve) => {
      port1.onmessage = () => {
        turnEnds = performance.now() + turnMilliseconds
        resolve()
      }
      port2.postMessage(undefined)
    })
  }
  return {
    post: (program: Program) =>
      void runner.runWithPauses(program, pause).then((outcome) => listener.onOutcome(outcome)),
    ref: () => {},
    unref: () => {},
    terminate: async () => {}, // the pool has told it to stop, which it sees at the next tile
  }
}

function workerThread(setup: Setup, listener: ThreadListener): Thread {
  const url = URL.createObjectURL(new Blob([GENOCONV_WORKER], { type: 'text/javascript' }))
  const worker = new Worker(url)
  worker.onmessage = ({ data }: MessageEvent<Outcome>) => {
    URL.revokeObjectURL(url)
    listener.onOutcome(data)
  }
  worker.onerror = (event) => {
    event.preventDefault()
    listener.onEnd(event.message || 'it could not be started')
  }
  worker.onmessageerror = () => listener.onEnd('a message could not be read')
  worker.postMessage(setup)
  return {
    post: (program: Program) => worker.postMessage(program),
    ref: () => {},
    unref: () => {},
    terminate: async () => {
      worker.terminate()
      listener.onEnd('closed') // nobody else says so
    },
  }
}
