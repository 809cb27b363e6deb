import { advanceHistoryGpu } from '../advance-history/advance-history.webgpu.ts'
import { affineLeakyGradientGpu } from '../affine-leaky-gradient/affine-leaky-gradient.webgpu.ts'
import { crossEntropyGpu } from '../cross-entropy/cross-entropy.webgpu.ts'
import { dilatedConvWeightsGpu } from '../dilated-conv-weights/dilated-conv-weights.webgpu.ts'
import { normGradientGpu } from '../norm-gradient/norm-gradient.webgpu.ts'
import { copyPiecesGpu } from '../copy-pieces/copy-pieces.webgpu.ts'
import { dilatedConvGpu } from '../dilated-conv/dilated-conv.webgpu.ts'
import { embeddingGpu } from '../embedding/embedding.webgpu.ts'
import { gatedProjectionGpu } from '../gated-projection/gated-projection.webgpu.ts'
import { implicitFilterGpu } from '../implicit-filter/implicit-filter.webgpu.ts'
import { linearGpu } from '../linear/linear.webgpu.ts'
import { longConvGpu } from '../long-conv/long-conv.webgpu.ts'
import { mlpGpu } from '../mlp/mlp.webgpu.ts'
import type { OpName } from '../ops.ts'
import type { GpuKernel } from './context.ts'

export const gpuKernels: { readonly [K in OpName]: GpuKernel<K> } = {
  embedding: embeddingGpu,
  linear: linearGpu,
  gatedProjection: gatedProjectionGpu,
  longConv: longConvGpu,
  mlp: mlpGpu,
  dilatedConv: dilatedConvGpu,
  advanceHistory: advanceHistoryGpu,
  copyPieces: copyPiecesGpu,
  implicitFilter: implicitFilterGpu,
  dilatedConvWeights: dilatedConvWeightsGpu,
  affineLeakyGradient: affineLeakyGradientGpu,
  normGradient: normGradientGpu,
  crossEntropy: crossEntropyGpu,
}
