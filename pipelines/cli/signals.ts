import type { Log } from '../run/log.ts'
import { exitCodes, Interruption } from './exit-codes.ts'

/** Time that work in flight gets to end by itself after an interrupt. */
const graceMilliseconds = 1000

/** System calls that are only slow end within this time, as a file that is just being loaded. */
const callMilliseconds = 300

/** Ends the program with `code`; after an interrupt, system calls in flight get a moment to end. */
export function endProcess(code: number, left = code === exitCodes.interrupted ? callMilliseconds : 0): void {
  if (code === exitCodes.interrupted && isSystemCallPending()) {
    if (left > 0) return void setTimeout(endProcess, 20, code, left - 20)
    dieBySignal()
  }
  process.exit(code)
}

/**
 * Gives a signal that aborts at the first SIGINT, SIGTERM or SIGHUP: it asks for an orderly end, which has a moment; a
 * second one ends the program at once. Partial files go in either case.
 */
export function watchSignals(log: Log): AbortSignal {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (abort.signal.aborted) return endProcess(exitCodes.interrupted, 0)
      abort.abort(new Interruption(name))
      setTimeout(() => {
        log.error(abort.signal.reason)
        endProcess(exitCodes.interrupted, 0)
      }, graceMilliseconds).unref()
    })
  }
  return abort.signal
}

/**
 * Whether a thread of Node's pool may be inside a system call that does not end, such as opening a FIFO that nobody
 * writes: `process.exit` would wait for it.
 */
const isSystemCallPending = (): boolean =>
  process.getActiveResourcesInfo().some((name) => /^(FSReq|FileHandle|GetAddrInfo|GetNameInfo)/.test(name))

/** After the listeners of `exit` have cleaned up, as the default action of SIGINT: to a shell that is exit code 130 too. */
function dieBySignal(): void {
  process.on('exit', () => {
    process.removeAllListeners('SIGINT')
    process.kill(process.pid, 'SIGINT')
  })
}
