import type { Precision } from '../../precision.ts'
import type { GpuContext, GpuTensor } from '../context.ts'
import type { Shader, Uniforms } from '../shader.ts'

const outputsPerThread = 8 // as in product-registers.lib.wgsl
const positionsPerThread = 4
const matrixTile = 64 // as in product-matrix.lib.wgsl
const rangePositions = 1024 // of a workgroup of product-range.lib.wgsl

/** A product Σ_k weight[o, k] · input[k, t]: what its operands library takes, whichever shader multiplies. */
export interface Product<Field extends string> {
  /** Both with the same operands library. */
  readonly shaders: { readonly registers: Shader<Field>; readonly matrix: Shader<Field> }
  /** Of the weights as they are stored; matrix units multiply f16 only. */
  readonly precision: Precision
  readonly outChannels: number
  /** Positions of the result. */
  readonly length: number
  /** Shape of what the operands library calls the operand. */
  readonly input: { readonly channelCount: number; readonly length: number }
  readonly constants: Readonly<Record<string, number>>
  readonly uniforms: Uniforms<NoInfer<Field>>
  /** By binding. */
  readonly buffers: Readonly<Record<number, GPUBuffer>>
  /** Those through which the input is read. */
  readonly inputBindings: readonly number[]
  /** Where the matrix shader looks for the input's largest value. */
  readonly range: { readonly binding: number; readonly element: number; readonly buffer?: GPUBuffer }
}

const rangeOutput = 9 // binding

/** Queues a product: on matrix units where weights are f16 and the device has them, else in registers. */
export function enqueueProduct<Field extends string>(p: Product<Field>, context: GpuContext): void {
  const { outChannels, length, constants, precision, uniforms } = p
  if (precision === 'f16' && context.matrix) {
    const range = p.range.buffer ?? context.scratch(1, 4).buffer
    enqueueRange(p, range, context)
    context.dispatch({
      shader: p.shaders.matrix,
      entry: 'product',
      precision,
      matrix: context.matrix,
      constants,
      uniforms,
      buffers: byBinding({ ...p.buffers, [p.range.binding]: range }),
      ...matrixTiles(outChannels, length),
    })
    return
  }
  const { threadsO, threadsT } = registerThreads(outChannels, length)
  context.dispatch({
    shader: p.shaders.registers,
    entry: 'product',
    precision,
    constants: { ...constants, threadsT, threadsO },
    uniforms,
    buffers: byBinding(p.buffers),
    tiles: Math.ceil(length / (threadsT * positionsPerThread)),
    rows: Math.ceil(outChannels / (threadsO * outputsPerThread)),
  })
}

/** Queues the largest absolute value of the input, as the product reads it, into `to`. */
function enqueueRange<Field extends string>(p: Product<Field>, to: GPUBuffer, context: GpuContext): void {
  const one = (buffer: GPUBuffer, offset: number): GpuTensor => ({
    channelCount: 1,
    length: 1,
    rowStride: 16,
    offset,
    buffer,
  })
  const largest = context.scratch(1, 1).buffer
  context.copy(one(context.none, 0), one(largest, 0))
  context.dispatch({
    shader: p.shaders.matrix,
    entry: 'range',
    precision: p.precision,
    matrix: context.matrix,
    constants: p.constants,
    uniforms: p.uniforms,
    buffers: byBinding({
      ...Object.fromEntries(p.inputBindings.map((binding) => [binding, p.buffers[binding]])),
      [rangeOutput]: largest,
    }),
    tiles: Math.ceil(p.input.length / rangePositions),
    rows: p.input.channelCount,
  })
  context.copy(one(largest, 0), one(to, p.range.element))
}

/** Of bindings 1, 2, ..: those not named stay unbound. */
const byBinding = (buffers: Readonly<Record<number, GPUBuffer>>): (GPUBuffer | undefined)[] =>
  Array.from({ length: rangeOutput }, (_, i) => buffers[i + 1])

/** Workgroups of a matrix product: the last ones compute past the end and store nothing there. */
export const matrixTiles = (outChannels: number, length: number): { tiles: number; rows: number } => ({
  tiles: Math.ceil(length / matrixTile),
  rows: Math.ceil(outChannels / matrixTile),
})

/** Few outputs take few threads along outputs and more along positions, so that none computes rows that are not there. */
function registerThreads(outChannels: number, length: number): { threadsO: number; threadsT: number } {
  let threadsO = 1
  while (threadsO < 16 && threadsO * outputsPerThread < outChannels) threadsO *= 2
  const threadsT = threadsO <= 4 && length > 64 ? 32 : 16
  return { threadsO, threadsT }
}
