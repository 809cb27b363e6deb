import { ConfigError, DeviceError } from '../../errors.ts'
import type { Backend } from '../backend.ts'
import type { DilatedConvArguments } from '../dilated-conv/dilated-conv.ts'
import { type DilatedConvPlan, explainDilatedPlan } from '../dilated-conv/plan.ts'
import type { CpuDilatedConvRequest } from '../dilated-conv/plan.cpu.ts'
import { DilatedConvPreparer } from '../dilated-conv/prepare.cpu.ts'
import type { Calibration } from '../long-conv/cost-model.ts'
import { planLongConvCpu, scratchBytesCpu } from '../long-conv/plan.cpu.ts'
import { prepareFilterCpu } from '../long-conv/prepare-filter.cpu.ts'
import { MemoryAccount } from '../memory-account.ts'
import { queueingOps } from '../ops.ts'
import { roughSeconds } from '../rough-seconds.ts'
import { rowStrideOf, type Tensor } from '../tensor.ts'
import type { CpuPreparedFilter, CpuTensor, CpuWeights } from './cpu-tensor.ts'
import { engineVariant } from './engine.ts'
import { collectGarbage } from './garbage.ts'
import { WorkerPool } from './pool.ts'
import { SharedMemory } from './shared-memory.ts'
import type { Step } from './steps.ts'
import { defaultThreads } from './thread.ts'
import type { WasmVariant } from './wasm.ts'
import { show } from '../../validate.ts'

const mostThreads = 1024
/** Workers whose scratch is counted, whatever there are: plans must not depend on the number of threads. */
const countedWorkers = 2
const vectorNames = { simd: 'SIMD', relaxed: 'relaxed SIMD', wide: '256-bit SIMD' }

export interface CpuBackendOptions {
  readonly threads?: number
  /** Bytes that tensors, weights and filters may take together. */
  readonly memoryBytes?: number
  /** What long convolutions are planned by (see measureCostConstants); default: constants of the machine the project measured on. */
  readonly calibration?: Calibration
  /** Instead of the build that suits the engine best: for tests and measurements. */
  readonly variant?: WasmVariant
  /** Instead of the plan of least expected time: for tests and measurements. */
  readonly planDilatedConv?: (request: CpuDilatedConvRequest) => DilatedConvPlan
}

/** The plain-CPU backend: WASM SIMD kernels in worker threads, activations in shared memory. */
export function createCpuBackend(options: CpuBackendOptions = {}): Backend {
  const threads = options.threads ?? defaultThreads()
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads) {
    throw new ConfigError({
      where: 'threads',
      what: 'bad number of threads',
      expected: `a whole number from 1 to ${mostThreads}`,
      got: show(threads),
    })
  }
  const best = engineVariant()
  const variant = options.variant ?? best
  const pool = new WorkerPool(threads, variant)
  const activations = new SharedMemory(threads) // written by queued steps only: what was released may be given out again at once
  const uploads = new SharedMemory(threads) // written by this thread at once, so released only when the steps queued so far have run
  let released: Float32Array[] = []
  let queue: Step[] = []
  let isOpen = true
  const memory = new MemoryAccount('cpu', options.memoryBytes)

  const expectOpen = (): void => {
    if (!isOpen) throw new DeviceError('lost', { where: 'cpu', what: 'the backend was closed' })
  }
  const take = (from: SharedMemory, floatCount: number): Float32Array => {
    expectOpen()
    try {
      const array = from.allocate(floatCount)
      if (from.takeDropped()) {
        collectGarbage()
        pool.collectBeforeNext()
      }
      return array
    } catch (cause) {
      throw new DeviceError('out-of-memory', {
        where: 'cpu',
        what: 'memory is exhausted',
        expected: `${floatCount * 4} more bytes`,
        remedy: 'give a smaller `chunk` or `memory`',
        cause,
      })
    }
  }
  const counted = (from: SharedMemory, floatCount: number): Float32Array => {
    expectOpen()
    memory.take(4 * floatCount)
    try {
      return take(from, floatCount)
    } catch (error) {
      memory.giveBack(4 * floatCount)
      throw error
    }
  }
  const allocate = (floatCount: number): Float32Array => counted(activations, floatCount)
  const giveBack = (array: Float32Array): void => {
    if (!isOpen) return
    activations.free(array)
    memory.giveBack(array.byteLength)
  }
  const enqueue = (step: Step): void => {
    expectOpen()
    queue.push(step)
  }
  const dilatedConvs = new DilatedConvPreparer({
    allocate,
    free: giveBack,
    enqueue,
    workerCount: threads,
    plan: options.planDilatedConv,
  })
  const flush = async (): Promise<void> => {
    const steps = queue
    const uploaded = released
    queue = []
    released = []
    try {
      await pool.run(steps)
    } catch (error) {
      dilatedConvs.forget() // packing may have stopped half-way
      throw error
    } finally {
      if (isOpen) for (const array of uploaded) uploads.free(array)
    }
  }

  const facts = [`${threads} thread${threads === 1 ? '' : 's'}`, vectorNames[variant]]
  if (options.calibration) facts.push(`calibration ${options.calibration.name}`)
  const backend: Backend = {
    kind: 'cpu',
    precision: 'f32',
    description: `cpu (${facts.join(', ')})`,
    limits: { maxTensorBytes: 2 ** 34, maxTotalBytes: memory.maxBytes },
    roughSeconds,
    memory,
    ops: queueingOps((op, args) => {
      const ready =
        op === 'dilatedConv' ? dilatedConvs.prepare(args as DilatedConvArguments<CpuTensor, CpuWeights>) : args
      enqueue({ op, args: ready } as unknown as Step)
    }),
    tensor(channelCount, length): CpuTensor {
      const rowStride = rowStrideOf(length)
      return { channelCount, length, rowStride, offset: 0, data: allocate(channelCount * rowStride) }
    },
    release(tensor) {
      giveBack((tensor as CpuTensor).data)
    },
    weights(data, shape): CpuWeights {
      const shared = counted(uploads, data.length)
      shared.set(data)
      return { shape, data: shared }
    },
    releaseWeights(weights) {
      if (!isOpen) return
      const { data } = weights as CpuWeights
      dilatedConvs.release(weights as CpuWeights)
      memory.giveBack(data.byteLength)
      released.push(data)
    },
    write(tensor, data) {
      const staged = take(uploads, data.length) // passing: not counted
      staged.set(data)
      released.push(staged)
      enqueue({ op: 'write', args: { out: tensor as CpuTensor, data: staged } })
    },
    async read(tensor) {
      // A queued copy: the tensor may be released, and its memory reused by what is queued next, before this one has run.
      const staged = take(activations, tensor.channelCount * tensor.length)
      enqueue({ op: 'read', args: { input: tensor as CpuTensor, data: staged } })
      try {
        await flush()
        return staged.slice() // no longer shared memory
      } finally {
        if (isOpen) activations.free(staged)
      }
    },
    flush,
    planLongConv: (request) => planLongConvCpu(request, options.calibration?.constants),
    longConvScratchBytes: (plan) => countedWorkers * scratchBytesCpu(plan),
    explainDilatedConv: (request) => explainDilatedPlan(dilatedConvs.plan(request), request),
    preparedDilatedConvBytes: (request) => 4 * dilatedConvs.packedFloats(request),
    prepareFilter(plan, taps: Tensor, { centerTap }) {
      return prepareFilterCpu(plan, taps as CpuTensor, centerTap, { allocate, enqueue })
    },
    releaseFilter(filter) {
      const spectra = (filter as CpuPreparedFilter)['spectra'] as Float32Array | undefined
      if (spectra) giveBack(spectra)
    },
    async destroy() {
      isOpen = false
      queue = []
      released = []
      activations.clear()
      uploads.clear()
      memory.clear()
      await pool.destroy()
    },
  }
  return backend
}
