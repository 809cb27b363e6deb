import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collector: (() => void) | undefined

/**
 * Collects this thread's garbage now: shared memory is given back to the system only when no thread's dead objects hold
 * it, and the engine, which does not count it, sees no reason to look for them.
 */
export function collectGarbage(): void {
  if (!collector) {
    setFlagsFromString('--expose-gc')
    collector = runInNewContext('gc') as () => void
  }
  collector()
}
