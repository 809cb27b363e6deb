import { parentPort, workerData } from 'node:worker_threads'
import { DeviceError } from '../../errors.ts'
import { Aborted, CpuContext } from './context.ts'
import { collectGarbage } from './garbage.ts'
import { cpuInternalKernels, cpuKernels } from './kernels.ts'
import type { Outcome, Program, Setup } from './pool.ts'

const { workerIndex, workerCount, control, variant } = workerData as Setup
const kernels = { ...cpuKernels, ...cpuInternalKernels } as unknown as Record<
  string,
  (args: unknown, context: CpuContext) => void
>
const context = new CpuContext(workerIndex, workerCount, control, variant)

function run({ steps, counters, collect }: Program): Outcome {
  try {
    if (collect) collectGarbage()
    steps.forEach(({ op, args }, i) => {
      context.beginStep(counters, i)
      kernels[op](args, context)
      context.barrier()
    })
    return {}
  } catch (error) {
    context.abort()
    if (error instanceof Aborted) return {}
    const reason = error instanceof DeviceError ? error.reason : 'worker'
    return { failure: { reason, text: error instanceof Error ? (error.stack ?? error.message) : String(error) } }
  }
}

// A program that cannot be read (memory is short) would never be answered: the thread ends instead, and the pool says so.
parentPort!.on('messageerror', (error) => {
  throw error
})
parentPort!.on('message', (program: Program) => parentPort!.postMessage(run(program)))
