import { parentPort, workerData } from 'node:worker_threads'
import type { Program, Setup } from './program.ts'
import { ProgramRunner } from './run-program.ts'

const runner = new ProgramRunner(workerData as Setup)

// A program that cannot be read (memory is short) would never be answered: the thread ends instead, and the pool says so.
parentPort!.on('messageerror', (error) => {
  throw error
})
parentPort!.on('message', (program: Program) => parentPort!.postMessage(runner.run(program)))
