import { availableParallelism, freemem } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { DeviceError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import type { DilatedConvArguments } from '../dilated-conv/dilated-conv.ts'
import type { DilatedConvPlan, DilatedConvRequest } from '../dilated-conv/plan.ts'
import { DilatedConvPreparer } from '../dilated-conv/prepare.cpu.ts'
import { linearWasm } from '../generated/linear.wasm.ts'
import { planLongConvCpu, prepareFilterCpu } from '../long-conv/prepare-filter.cpu.ts'
import { queueingOps } from '../ops.ts'
import { rowStrideOf, type Tensor } from '../tensor.ts'
import type { CpuPreparedFilter, CpuTensor, CpuWeights } from './cpu-tensor.ts'
import { type Step, WorkerPool } from './pool.ts'
import { wasmVariant } from './wasm.ts'

export interface CpuBackendOptions {
  readonly threads?: number
  readonly memoryBytes?: number
  /** Instead of the plan of least expected time: for tests and measurements. */
  readonly planDilatedConv?: (request: DilatedConvRequest) => DilatedConvPlan
}

/** The plain-CPU backend: WASM SIMD kernels in worker threads, activations in shared memory. */
export function createCpuBackend(options: CpuBackendOptions = {}): Backend {
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  const threads = options.threads ?? availableParallelism()
  const pool = new WorkerPool(threads)
  const free = new Map<number, Float32Array[]>() // released storage by element count: SharedArrayBuffers are slow to collect
  let queue: Step[] = []
  const memory = { currentBytes: 0, peakBytes: 0 }

  const allocate = (floatCount: number): Float32Array => {
    memory.currentBytes += floatCount * 4
    memory.peakBytes = Math.max(memory.peakBytes, memory.currentBytes)
    try {
      return new Float32Array(new SharedArrayBuffer(floatCount * 4))
    } catch (cause) {
      memory.currentBytes -= floatCount * 4
      throw new DeviceError('out-of-memory', { where: 'cpu', what: 'memory is exhausted', expected: `${floatCount * 4} bytes`, remedy: 'give a smaller --chunk or --memory', cause })
    }
  }
  const enqueue = (step: Step): void => {
    queue.push(step)
  }
  const dilatedConvs = new DilatedConvPreparer({ allocate, enqueue, workerCount: threads, plan: options.planDilatedConv })
  const flush = (): Promise<void> => {
    const steps = queue
    queue = []
    return pool.run(steps).catch((error: unknown) => {
      memory.currentBytes -= dilatedConvs.forget() // packing may have stopped half-way
      throw error
    })
  }

  const backend: Backend = {
    kind: 'cpu',
    description: `cpu (${threads} thread${threads === 1 ? '' : 's'}, ${wasmVariant(linearWasm) === 'relaxed' ? 'relaxed SIMD' : 'SIMD'})`,
    limits: { maxTensorBytes: 2 ** 34, maxTotalBytes: options.memoryBytes ?? Math.floor(freemem() / 2) },
    memory,
    ops: queueingOps((op, args) => {
      const ready = op === 'dilatedConv' ? dilatedConvs.prepare(args as DilatedConvArguments<CpuTensor, CpuWeights>) : args
      enqueue({ op, args: ready } as unknown as Step)
    }),
    tensor(channelCount, length): CpuTensor {
      const rowStride = rowStrideOf(length)
      const floatCount = channelCount * rowStride
      const reused = free.get(floatCount)?.pop()
      if (reused) memory.currentBytes += reused.byteLength
      else free.clear() // sizes changed: let the old ones go before taking more
      return { channelCount, length, rowStride, offset: 0, data: reused ?? allocate(floatCount) }
    },
    release(tensor) {
      const { data } = tensor as CpuTensor
      memory.currentBytes -= data.byteLength
      // Steps still queued use it; what reuses it is queued behind them.
      const list = free.get(data.length) ?? []
      list.push(data)
      free.set(data.length, list)
    },
    weights(data, shape): CpuWeights {
      const shared = allocate(data.length)
      shared.set(data)
      return { shape, data: shared }
    },
    releaseWeights(weights) {
      memory.currentBytes -= (weights as CpuWeights).data.byteLength + dilatedConvs.release(weights as CpuWeights)
    },
    write(tensor, data) {
      const shared = new Float32Array(new SharedArrayBuffer(data.byteLength))
      shared.set(data)
      queue.push({ op: 'write', args: { out: tensor as CpuTensor, data: shared } })
    },
    async read(tensor) {
      // A queued copy: the tensor may be released, and its memory reused by what is queued next, before this one has run.
      const data = new Float32Array(new SharedArrayBuffer(tensor.channelCount * tensor.length * 4))
      queue.push({ op: 'read', args: { input: tensor as CpuTensor, data } })
      await flush()
      return data
    },
    flush,
    planLongConv: planLongConvCpu,
    prepareFilter(plan, taps: Tensor, { centerTap }) {
      return prepareFilterCpu(plan, taps as CpuTensor, centerTap, { allocate, enqueue })
    },
    releaseFilter(filter) {
      const spectra = (filter as CpuPreparedFilter)['spectra'] as Float32Array | undefined
      if (spectra) memory.currentBytes -= spectra.byteLength
    },
    async destroy() {
      queue = []
      free.clear()
      await pool.destroy()
    },
  }
  return backend
}
