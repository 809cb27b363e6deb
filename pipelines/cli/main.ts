#!/usr/bin/env node
import { openFilesFault } from './open-files-fault.ts'
import { limitYoungHeap } from './young-heap.ts'

limitYoungHeap()
try {
  const [{ runProgram }, { endProcess }] = await Promise.all([import('./program.ts'), import('./signals.ts')])
  const exitCode = await runProgram(process.argv.slice(2))
  // What is still in the pipe goes out first; workers and devices of a failed run need not be waited for.
  process.stdout.write('', () => endProcess(exitCode))
} catch (error) {
  const fault = openFilesFault(error)
  if (!fault) throw error
  process.stderr.write(`genoconv: ${fault}\n`)
  process.exitCode = 1
}
