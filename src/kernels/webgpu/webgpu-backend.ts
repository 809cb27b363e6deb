import { DeviceError, ShapeError } from '../../errors.ts'
import type { Backend, BackendLimits } from '../backend.ts'
import { explainDilatedPlan } from '../dilated-conv/plan.ts'
import { planLongConvGpu, scratchBytesGpu } from '../long-conv/plan.webgpu.ts'
import { prepareFilterGpu, releaseFilterGpu } from '../long-conv/prepare-filter.webgpu.ts'
import { MemoryAccount } from '../memory-account.ts'
import { type OpArguments, type OpName, queueingOps } from '../ops.ts'
import type { Precision } from '../precision.ts'
import { roughSeconds } from '../rough-seconds.ts'
import { rowStrideOf, type Tensor } from '../tensor.ts'
import { type FoundAdapter, findAdapter } from './adapter.ts'
import { BufferPool } from './buffer-pool.ts'
import { CommandQueue } from './command-queue.ts'
import {
  GpuContext,
  type GpuKernel,
  type GpuLimits,
  type GpuOpArguments,
  type GpuPreparedFilter,
  type GpuTensor,
  type GpuWeights,
} from './context.ts'
import { DeviceWatch } from './device-errors.ts'
import { DeviceTimer } from './device-timer.ts'
import { gpuKernels } from './kernels.ts'
import { chooseMatrixShape, type MatrixShape } from './matrix-shape.ts'
import { PipelineCache } from './pipeline-cache.ts'
import { ReadbackRing } from './readback-ring.ts'
import { defaultTuning, type GpuTuning } from './tuning.ts'

export interface WebGpuOptions {
  /** From `findAdapter`; looked for where not given. */
  readonly found?: FoundAdapter
  /** Bytes that tensors, weights and filters may take together; kept storage goes first. */
  readonly memoryBytes?: number
  /** Bytes one binding, and so one tensor, may have: at most what the device allows, the default. Less makes work split sooner. */
  readonly maxBindingBytes?: number
  /** Default f32. A device without f16 computes f32, as `precision` of the backend then says. */
  readonly precision?: Precision
  /** Default true. False leaves matrix units alone, to compare with them. */
  readonly usesMatrixUnits?: boolean
  /** Default false. True where the device's own clock is to be read (`deviceSeconds`), if it has one. */
  readonly isTimed?: boolean
  /** What `calibrateGpu` chose for this card; the package's choice where not given. */
  readonly tuning?: GpuTuning
}

/** A backend on a GPU; `device` is for tests of what happens when it is lost. */
export interface WebGpuBackend extends Backend {
  readonly device: GPUDevice
  readonly isSoftware: boolean
  /** Of its matrix units, where they are used. */
  readonly matrix?: MatrixShape
  /** With `isTimed` on a device that has a clock: what kernels took on it since the last call, after a flush or read. */
  readonly deviceSeconds?: () => Promise<number | undefined>
}

/** The limits that decide how large tensors and tiles may be: all the adapter has. */
const wantedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
] as const

/** Those that precision f16 can use, asked for where the adapter has them. */
const halfFeatures = ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix'] as readonly GPUFeatureName[]

/** Compute on WebGPU: Dawn in Node, the browser's own elsewhere. DeviceError('unavailable') where there is no adapter. */
export async function createWebGpuBackend(options: WebGpuOptions = {}): Promise<WebGpuBackend> {
  const found = options.found ?? (await findAdapter(options.precision))
  if (!found.adapter) {
    throw new DeviceError('unavailable', {
      where: 'gpu',
      what: found.reason,
      remedy: 'run with `device: cpu`',
      cause: found.cause,
    })
  }
  const { adapter, name } = found
  const where = `gpu ${name}`
  let device: GPUDevice
  try {
    device = await adapter.requestDevice({
      requiredLimits: Object.fromEntries(wantedLimits.map((limit) => [limit, adapter.limits[limit]])),
      requiredFeatures: [
        ...(options.precision === 'f16' ? halfFeatures : []),
        ...(options.isTimed ? (['timestamp-query'] as const) : []),
      ].filter((feature) => adapter.features.has(feature)),
    })
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new DeviceError('unavailable', {
      where,
      what: `the device cannot be opened (${text})`,
      remedy: 'run with `device: cpu`',
      cause,
    })
  }
  return assemble(device, found, options, where)
}

function assemble(device: GPUDevice, found: FoundAdapter, options: WebGpuOptions, where: string): WebGpuBackend {
  let keepAlive: GPU | undefined = found.gpu // Dawn's instance, and with it the device, ends when this is collected
  const watch = new DeviceWatch(device, where)
  const {
    maxStorageBufferBindingSize,
    maxBufferSize,
    maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup,
  } = device.limits
  const gpuLimits: GpuLimits = {
    maxStorageBufferBindingSize: Math.min(
      maxStorageBufferBindingSize,
      maxBufferSize,
      options.maxBindingBytes ?? Number.POSITIVE_INFINITY,
    ),
    maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup,
  }
  const precision = options.precision === 'f16' && device.features.has('shader-f16') ? 'f16' : 'f32'
  const hasMatrices =
    precision === 'f16' &&
    options.usesMatrixUnits !== false &&
    halfFeatures.every((feature) => device.features.has(feature))
  const matrix = hasMatrices ? chooseMatrixShape(found.adapter.info, gpuLimits) : undefined
  const tuning = options.tuning ?? defaultTuning(found.isSoftware)
  const memory = new MemoryAccount(where, options.memoryBytes)
  const pool = new BufferPool(device, watch, memory, gpuLimits.maxStorageBufferBindingSize, where)
  const timer = device.features.has('timestamp-query') ? new DeviceTimer(device) : undefined
  const queue = new CommandQueue(device, watch, pool, where, timer)
  const context = new GpuContext(
    { limits: gpuLimits, tuning, precision, matrix },
    pool,
    queue,
    new PipelineCache(device, where),
  )
  const ring = new ReadbackRing(device, watch)
  const limits: BackendLimits = {
    maxTensorBytes: gpuLimits.maxStorageBufferBindingSize,
    maxTotalBytes: memory.maxBytes,
  }
  const enqueue = <K extends OpName>(op: K, args: OpArguments[K]): void => {
    watch.check()
    ;(gpuKernels[op] as GpuKernel<K>)(args as GpuOpArguments[K], context)
    context.endOp()
  }
  const allocate = (channelCount: number, length: number): GpuTensor => {
    const rowStride = rowStrideOf(length)
    return {
      channelCount,
      length,
      rowStride,
      offset: 0,
      buffer: pool.acquire(Math.max(1, channelCount) * rowStride * 4),
    }
  }
  const flush = async (): Promise<void> => {
    await queue.submit()
    try {
      await device.queue.onSubmittedWorkDone()
    } catch (cause) {
      throw await queue.failureOf(cause)
    }
    await watch.settle()
  }

  return {
    kind: 'webgpu',
    description: `${found.name} (${['WebGPU', found.isSoftware && 'software', precision === 'f16' && 'f16', matrix && 'matrix units'].filter(Boolean).join(', ')})`,
    precision,
    device,
    isSoftware: found.isSoftware,
    matrix,
    deviceSeconds: timer && (() => timer.seconds()),
    limits,
    roughSeconds: { ...roughSeconds, areMeasured: false },
    memory,
    ops: queueingOps(enqueue),
    tensor: allocate,
    release(tensor) {
      pool.release((tensor as GpuTensor).buffer)
    },
    weights(data, shape): GpuWeights {
      const count = shape.reduce((product, n) => product * n, 1)
      if (count !== data.length) {
        const expected = `${count} values for [${shape}]`
        throw new ShapeError({
          where: 'weights',
          what: 'data does not fill the shape',
          expected,
          got: `${data.length}`,
        })
      }
      return { shape, buffer: pool.constant(data) }
    },
    releaseWeights(weights) {
      const { buffer, half } = weights as GpuWeights
      pool.discard(buffer)
      if (half) pool.discard(half)
    },
    write(tensor, data) {
      watch.check()
      const buffer = context.upload(data)
      context.copy(
        { channelCount: tensor.channelCount, length: tensor.length, rowStride: tensor.length, offset: 0, buffer },
        tensor as GpuTensor,
      )
      context.endOp()
    },
    read: (tensor) => readTensor(tensor as GpuTensor, { watch, queue, ring }),
    flush,
    planLongConv: (request) => planLongConvGpu(request, gpuLimits, precision),
    longConvScratchBytes: (plan) => scratchBytesGpu(plan, tuning.workBytes),
    preparedDilatedConvBytes: () => 0,
    explainDilatedConv: (request) => explainDilatedPlan({ method: 'direct' }, request),
    prepareFilter(plan, taps: Tensor, { centerTap }) {
      watch.check()
      const filter = prepareFilterGpu(plan, taps as GpuTensor, centerTap, context, pool)
      context.endOp()
      return filter
    },
    releaseFilter(filter) {
      releaseFilterGpu(filter as GpuPreparedFilter, pool)
    },
    async destroy() {
      await queue.submit().catch(() => {})
      // Work still in flight when its device and Dawn's instance go can take the process with it.
      await Promise.race([device.queue.onSubmittedWorkDone().catch(() => {}), device.lost])
      watch.fail(new DeviceError('lost', { where, what: 'the backend was closed' }))
      ring.destroy()
      device.destroy()
      await device.lost
      keepAlive = undefined
      void keepAlive
    },
  }
}

/** Rows side by side in the staging buffer where a view is much narrower than its storage; else one copy, unpacked here. */
async function readTensor(
  { channelCount, length, rowStride, offset, buffer }: GpuTensor,
  { watch, queue, ring }: { watch: DeviceWatch; queue: CommandQueue; ring: ReadbackRing },
): Promise<Float32Array> {
  watch.check()
  const out = new Float32Array(channelCount * length)
  if (out.length === 0) {
    await queue.submit()
    await watch.settle()
    return out
  }
  const packed = length * 2 < rowStride
  const stagedStride = packed ? length : rowStride
  const bytes = ((channelCount - 1) * stagedStride + length) * 4
  const staging = ring.acquire(bytes)
  for (let c = 0; c < (packed ? channelCount : 1); c++) {
    queue.push({
      from: buffer,
      fromBytes: (offset + c * rowStride) * 4,
      to: staging,
      toBytes: c * length * 4,
      bytes: packed ? length * 4 : bytes,
    })
  }
  try {
    await queue.submit()
    await ring.take(staging, bytes, (values) => {
      for (let c = 0; c < channelCount; c++)
        out.set(values.subarray(c * stagedStride, c * stagedStride + length), c * length)
    })
  } catch (cause) {
    await watch.settle() // memory or loss, if that is behind it
    throw await queue.failureOf(cause)
  }
  await watch.settle()
  return out
}
