import type { PreparedFilter } from '../long-conv/long-conv.ts'
import type { LongConvPlan } from '../long-conv/plan.ts'
import type { OpArguments, OpName } from '../ops.ts'
import type { Precision } from '../precision.ts'
import { rowStrideOf, type Tensor, type Weights } from '../tensor.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { CommandQueue } from './command-queue.ts'
import type { MatrixShape } from './matrix-shape.ts'
import type { PipelineCache, PipelineKey } from './pipeline-cache.ts'
import { packUniforms, type Shader, type Uniforms } from './shader.ts'
import type { GpuTuning } from './tuning.ts'

/** Activations in a storage buffer; views share it. */
export interface GpuTensor extends Tensor {
  readonly buffer: GPUBuffer
}
/** Row-major f32 from the buffer's start. */
export interface GpuWeights extends Weights {
  readonly buffer: GPUBuffer
  /** The same as f16, made where an op first wants it (webgpu/product/half-weights.ts). */
  half?: GPUBuffer
}
/** A filter as long-conv/*.webgpu.ts left it: its taps, or spectra by channel group. */
export interface GpuPreparedFilter extends PreparedFilter {
  readonly plan: LongConvPlan
  /** Given where the taps themselves are used at each call: direct plans, and spectra that are recomputed. */
  readonly taps?: GpuTensor
  /** Spectra of `groupChannels` channels each, in the order the transform leaves. */
  readonly spectra?: readonly GPUBuffer[]
  readonly groupChannels?: number
  /** Storage that goes when the filter is released. */
  readonly owned: readonly GPUBuffer[]
}

export type GpuOpArguments = OpArguments<GpuTensor, GpuWeights, GpuPreparedFilter>
export type GpuKernel<K extends OpName> = (args: GpuOpArguments[K], context: GpuContext) => void

/** What kernels plan by; names as in WebGPU. */
export type GpuLimits = Pick<
  GPUSupportedLimits,
  'maxComputeWorkgroupStorageSize' | 'maxComputeInvocationsPerWorkgroup' | 'maxStorageBufferBindingSize'
>

export interface Dispatch<Field extends string> extends PipelineKey {
  readonly shader: Shader<Field>
  readonly uniforms: Uniforms<NoInfer<Field>>
  /** Storage at bindings 1, 2, ..; undefined where the entry point uses none of that number. */
  readonly buffers: readonly (GPUBuffer | undefined)[]
  /** Workgroups along positions (folded into x and z, see grid.x below), and along whatever y means to the shader. */
  readonly tiles: number
  readonly rows?: number
}

/** What a device is, to its kernels. */
export interface GpuTraits {
  readonly limits: GpuLimits
  readonly tuning: GpuTuning
  /** f16 only where the device has it. */
  readonly precision: Precision
  /** Given where precision is f16 and the device has matrix units. */
  readonly matrix?: MatrixShape
}

const maxGroupsX = 65535

/** What a GPU kernel sees of the backend. */
export class GpuContext implements GpuTraits {
  readonly limits: GpuLimits
  readonly tuning: GpuTuning
  readonly precision: Precision
  readonly matrix?: MatrixShape
  /** Bound where an optional operand is absent. */
  readonly none: GPUBuffer
  readonly #pool: BufferPool
  readonly #queue: CommandQueue
  readonly #pipelines: PipelineCache
  readonly #constants = new Map<string, GPUBuffer>()
  #scratches: GPUBuffer[] = []

  constructor(
    { limits, tuning, precision, matrix }: GpuTraits,
    pool: BufferPool,
    queue: CommandQueue,
    pipelines: PipelineCache,
  ) {
    this.limits = limits
    this.tuning = tuning
    this.precision = precision
    this.matrix = matrix
    this.#pool = pool
    this.#queue = queue
    this.#pipelines = pipelines
    this.none = pool.constant(new Float32Array(4))
  }

  /**
   * Queues one dispatch. More than 65,535 tiles are folded into z: a shader's tile is
   * `workgroup_id.x + workgroup_id.z * num_workgroups.x`, and tiles past the end have nothing to do.
   */
  dispatch<Field extends string>(d: Dispatch<Field>): void {
    const { tiles, rows = 1 } = d
    if (tiles === 0 || rows === 0) return
    const z = Math.ceil(tiles / maxGroupsX)
    this.#queue.push({
      pipeline: this.#pipelines.get(
        (this.tuning.isUnrolled ? undefined : d.shader.rolled) ?? d.shader.code,
        d,
        d.buffers,
      ),
      buffers: d.buffers,
      params: packUniforms(d.shader, d.uniforms),
      groups: [Math.ceil(tiles / z), rows, z],
    })
  }

  /** Storage for the op being queued only. */
  scratch(channelCount: number, length: number): GpuTensor {
    const rowStride = rowStrideOf(length)
    const buffer = this.#pool.scratch(channelCount * rowStride * 4)
    this.#scratches.push(buffer)
    return { channelCount, length, rowStride, offset: 0, buffer }
  }

  /** Storage that is kept until the backend discards it. */
  keep(bytes: number): GPUBuffer {
    return this.#pool.acquire(bytes)
  }

  /** Called by the backend after each op: what is queued next may use the scratch storage again. */
  endOp(): void {
    for (const buffer of this.#scratches) this.#pool.releaseScratch(buffer)
    this.#scratches = []
    this.#queue.submitIfMany()
  }

  /** Storage holding host values, in queue order, for the op being queued only. */
  upload(data: Float32Array): GPUBuffer {
    return this.#pool.passing(data)
  }

  /** A table made once and kept while the backend lives. */
  table(name: string, make: () => Float32Array): GPUBuffer {
    let buffer = this.#constants.get(name)
    if (!buffer) {
      buffer = this.#pool.constant(make())
      this.#constants.set(name, buffer)
    }
    return buffer
  }

  /** Queues `to = from`; the two lie in different buffers. */
  copy(from: GpuTensor, to: GpuTensor): void {
    const spans = from.rowStride === to.rowStride && from.length === from.rowStride && to.length === to.rowStride
    const rows = spans ? 1 : to.channelCount
    for (let c = 0; c < rows; c++) {
      this.#queue.push({
        from: from.buffer,
        fromBytes: (from.offset + c * from.rowStride) * 4,
        to: to.buffer,
        toBytes: (to.offset + c * to.rowStride) * 4,
        bytes: (spans ? to.channelCount * to.rowStride : to.length) * 4,
      })
    }
  }

  /** `input`, or a copy of it where it shares a buffer with `out`: one dispatch may not both read and write a buffer. */
  apart(input: GpuTensor, ...outs: GpuTensor[]): GpuTensor {
    if (outs.every((out) => out.buffer !== input.buffer)) return input
    const apart = this.scratch(input.channelCount, input.length)
    this.copy(input, apart)
    return apart
  }
}
