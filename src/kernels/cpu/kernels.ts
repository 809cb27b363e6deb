import { advanceHistoryCpu } from '../advance-history/advance-history.cpu.ts'
import { affineLeakyGradientCpu } from '../affine-leaky-gradient/affine-leaky-gradient.cpu.ts'
import { crossEntropyCpu } from '../cross-entropy/cross-entropy.cpu.ts'
import { dilatedConvWeightsCpu } from '../dilated-conv-weights/dilated-conv-weights.cpu.ts'
import { normGradientCpu } from '../norm-gradient/norm-gradient.cpu.ts'
import { copyPiecesCpu } from '../copy-pieces/copy-pieces.cpu.ts'
import { dilatedConvCpu } from '../dilated-conv/dilated-conv.cpu.ts'
import { prepareDilatedConvKernel } from '../dilated-conv/prepare.cpu.ts'
import { embeddingCpu } from '../embedding/embedding.cpu.ts'
import { gatedProjectionCpu } from '../gated-projection/gated-projection.cpu.ts'
import { implicitFilterCpu } from '../implicit-filter/implicit-filter.cpu.ts'
import { linearCpu } from '../linear/linear.cpu.ts'
import { longConvCpu } from '../long-conv/long-conv.cpu.ts'
import { mlpCpu } from '../mlp/mlp.cpu.ts'
import type { OpName } from '../ops.ts'
import { prepareFilterKernel } from '../long-conv/prepare-filter.cpu.ts'
import { row } from './cpu-tensor.ts'
import type { CpuInternalArguments, CpuInternalKernel, CpuKernel } from './steps.ts'

export const cpuKernels: { readonly [K in OpName]: CpuKernel<K> } = {
  embedding: embeddingCpu,
  linear: linearCpu,
  gatedProjection: gatedProjectionCpu,
  longConv: longConvCpu,
  mlp: mlpCpu,
  dilatedConv: dilatedConvCpu,
  advanceHistory: advanceHistoryCpu,
  copyPieces: copyPiecesCpu,
  implicitFilter: implicitFilterCpu,
  dilatedConvWeights: dilatedConvWeightsCpu,
  affineLeakyGradient: affineLeakyGradientCpu,
  normGradient: normGradientCpu,
  crossEntropy: crossEntropyCpu,
}

export const cpuInternalKernels: { readonly [K in keyof CpuInternalArguments]: CpuInternalKernel<K> } = {
  write({ out, data }, context) {
    for (const c of context.tiles(out.channelCount))
      row(out, c).set(data.subarray(c * out.length, (c + 1) * out.length))
  },
  read({ input, data }, context) {
    for (const c of context.tiles(input.channelCount)) data.set(row(input, c), c * input.length)
  },
  prepareFilter: prepareFilterKernel,
  prepareDilatedConv: prepareDilatedConvKernel,
}
