import { setFlagsFromString } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { Aborted, CpuContext } from './context.ts'
import { cpuInternalKernels, cpuKernels } from './kernels.ts'
import type { Program, Setup } from './pool.ts'

// Node 20 has relaxed SIMD behind a flag; newer engines have it anyway and ignore this.
setFlagsFromString('--experimental-wasm-relaxed-simd')

const { workerIndex, workerCount, control } = workerData as Setup
const kernels = { ...cpuKernels, ...cpuInternalKernels } as unknown as Record<string, (args: unknown, context: CpuContext) => void>
const context = new CpuContext(workerIndex, workerCount, control)

parentPort!.on('message', ({ steps, counters }: Program) => {
  let failure: unknown
  try {
    steps.forEach(({ op, args }, i) => {
      context.beginStep(counters, i)
      kernels[op]!(args, context)
      context.barrier()
    })
  } catch (error) {
    context.abort()
    if (!(error instanceof Aborted)) failure = error
  }
  parentPort!.postMessage({ failure: failure === undefined ? undefined : failure instanceof Error ? failure.stack : String(failure) })
})
