import { type AdvanceHistoryArguments, checkAdvanceHistory } from './advance-history/advance-history.ts'
import {
  checkAffineLeakyGradient,
  type AffineLeakyGradientArguments,
} from './affine-leaky-gradient/affine-leaky-gradient.ts'
import { checkCrossEntropy, type CrossEntropyArguments } from './cross-entropy/cross-entropy.ts'
import { checkCopyPieces, type CopyPiecesArguments } from './copy-pieces/copy-pieces.ts'
import { checkDilatedConv, type DilatedConvArguments } from './dilated-conv/dilated-conv.ts'
import {
  checkDilatedConvWeights,
  type DilatedConvWeightsArguments,
} from './dilated-conv-weights/dilated-conv-weights.ts'
import { checkEmbedding, type EmbeddingArguments } from './embedding/embedding.ts'
import { checkGatedProjection, type GatedProjectionArguments } from './gated-projection/gated-projection.ts'
import { checkImplicitFilter, type ImplicitFilterArguments } from './implicit-filter/implicit-filter.ts'
import { checkLinear, type LinearArguments } from './linear/linear.ts'
import { checkLongConv, type LongConvArguments, type PreparedFilter } from './long-conv/long-conv.ts'
import { checkMlp, type MlpArguments } from './mlp/mlp.ts'
import { checkNormGradient, type NormGradientArguments } from './norm-gradient/norm-gradient.ts'
import type { Tensor, Weights } from './tensor.ts'

/** The closed set of operations: an op added here does not compile until every backend has it. */
export interface OpArguments<
  T extends Tensor = Tensor,
  W extends Weights = Weights,
  F extends PreparedFilter = PreparedFilter,
> {
  embedding: EmbeddingArguments<T, W>
  linear: LinearArguments<T, W>
  gatedProjection: GatedProjectionArguments<T, W>
  longConv: LongConvArguments<T, W, F>
  mlp: MlpArguments<T, W>
  dilatedConv: DilatedConvArguments<T, W>
  advanceHistory: AdvanceHistoryArguments<T>
  copyPieces: CopyPiecesArguments<T>
  implicitFilter: ImplicitFilterArguments<T, W>
  dilatedConvWeights: DilatedConvWeightsArguments<T, W>
  affineLeakyGradient: AffineLeakyGradientArguments<T, W>
  normGradient: NormGradientArguments<T, W>
  crossEntropy: CrossEntropyArguments<T>
}
export type OpName = keyof OpArguments

/** Ops are queued in the order of the calls and run when the backend is read or flushed; shapes are checked at the call. */
export type Ops = { readonly [K in OpName]: (args: OpArguments[K]) => void }

const checks: { readonly [K in OpName]: (args: OpArguments[K]) => void } = {
  embedding: checkEmbedding,
  linear: checkLinear,
  gatedProjection: checkGatedProjection,
  longConv: checkLongConv,
  mlp: checkMlp,
  dilatedConv: checkDilatedConv,
  advanceHistory: checkAdvanceHistory,
  copyPieces: checkCopyPieces,
  implicitFilter: checkImplicitFilter,
  dilatedConvWeights: checkDilatedConvWeights,
  affineLeakyGradient: checkAffineLeakyGradient,
  normGradient: checkNormGradient,
  crossEntropy: checkCrossEntropy,
}

const opNames = Object.keys(checks) as OpName[]

/** An `Ops` whose every method checks shapes, then hands op and arguments to `enqueue`. */
export function queueingOps(enqueue: <K extends OpName>(op: K, args: OpArguments[K]) => void): Ops {
  const method =
    <K extends OpName>(op: K) =>
    (args: OpArguments[K]): void => {
      checks[op](args)
      enqueue(op, args)
    }
  return Object.fromEntries(opNames.map((op) => [op, method(op)])) as unknown as Ops
}
