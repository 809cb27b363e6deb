import {
  advanceHistory,
  affineLeakyGradient,
  copyPieces,
  crossEntropy,
  dilatedConv,
  dilatedConvWeights,
  directConv,
  embedding,
  fftConv,
  fftConvParts,
  gatedProjection,
  halfWeights,
  implicitFilter,
  layerNorm,
  linear,
  normGradient,
} from '../../src/kernels/generated/wgsl.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import { columnLanes, exchangesWhole } from '../../src/kernels/long-conv/plan.webgpu.ts'
import type { Shader } from '../../src/kernels/webgpu/shader.ts'

/** Those that any GPU can run; matrix units are not there where Mesa compiles for a card that is not there either. */
const shaders = {
  advanceHistory,
  affineLeakyGradient,
  copyPieces,
  crossEntropy,
  dilatedConv,
  dilatedConvWeights,
  directConv,
  embedding,
  fftConv,
  fftConvParts,
  gatedProjection,
  halfWeights,
  implicitFilter,
  layerNorm,
  linear,
  normGradient,
}

/** A pipeline as a backend with usual limits would make it; the list has every entry point of every shader. */
export interface ListedPipeline {
  readonly name: string
  readonly shader: keyof typeof shaders
  readonly entry: string
  readonly precision: Precision
  readonly constants: Readonly<Record<string, number>>
}

const limits = {
  maxComputeWorkgroupStorageSize: 49152,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
}
/** What an entry point of the transform reads, as fft-conv.webgpu.ts gives it. */
const operandsOf: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  fusedConv: { hasPre: 1, hasSkip: 1, postSource: 1 },
  fusedSpectrum: { hasPre: 0 },
  columnsForward: { hasPre: 1 },
  columnsInverse: { hasPre: 1, hasSkip: 1, postSource: 1 },
}

function transform(entry: string, points: number, precision: Precision = 'f32'): ListedPipeline {
  const lanes = entry.startsWith('columns') ? columnLanes(points, limits) : 1
  return {
    name: `${entry}, ${points} points${lanes > 1 ? ` x ${lanes}` : ''}${precision === 'f16' ? ', f16' : ''}`,
    shader: exchangesWhole(points * lanes, limits) ? 'fftConv' : 'fftConvParts',
    entry,
    precision,
    constants: {
      pointsLog: Math.log2(points),
      lanes,
      isTwisted: entry.startsWith('rows') ? 0 : 1,
      ...operandsOf[entry],
    },
  }
}

const plain = (
  shader: keyof typeof shaders,
  entry: string,
  constants = {},
  precision: Precision = 'f32',
  label = '',
): ListedPipeline => ({
  name: `${shader} ${entry}${label}`,
  shader,
  entry,
  precision,
  constants,
})

export const listedPipelines: readonly ListedPipeline[] = [
  ...[64, 256, 1024, 2048, 4096, 8192].map((points) => transform('fusedConv', points)),
  transform('fusedSpectrum', 4096),
  transform('columnsForward', 256),
  transform('rowsConv', 4096),
  transform('columnsInverse', 256),
  transform('rowsSpectrum', 4096),
  transform('columnsForward', 256, 'f16'),
  transform('rowsConv', 4096, 'f16'),
  transform('columnsInverse', 256, 'f16'),
  plain('linear', 'product', { threadsT: 16, threadsO: 16, hasBias: 1 }),
  plain('linear', 'product', { threadsT: 16, threadsO: 16, hasBias: 1, hasNorm: 1 }, 'f32', ', norm'),
  plain('dilatedConv', 'product', { threadsT: 32, threadsO: 4, hasBefore: 1, hasAfter: 1, residualSource: 1 }),
  plain('layerNorm', 'layerNormStatistics'),
  plain('halfWeights', 'halfWeights', {}, 'f16'),
  plain('advanceHistory', 'advanceHistory'),
  plain('embedding', 'embedding'),
  plain('gatedProjection', 'gatedProjection'),
  plain('implicitFilter', 'gatherFeatures'),
  plain('implicitFilter', 'sine'),
  plain('implicitFilter', 'modulate'),
  plain('affineLeakyGradient', 'inputGradient'),
  plain('affineLeakyGradient', 'affineSums'),
  plain('copyPieces', 'copyPieces'),
  plain('crossEntropy', 'crossEntropy'),
  plain('dilatedConvWeights', 'weightSums'),
  plain('dilatedConvWeights', 'biasSums'),
  plain('normGradient', 'inputGradient'),
  plain('normGradient', 'normSums'),
  plain('directConv', 'directConv', operandsOf['fusedConv']),
]

export const shaderOf = ({ shader }: ListedPipeline): Shader => shaders[shader] as Shader
