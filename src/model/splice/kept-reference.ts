import type { Backend } from '../../kernels/backend.ts'
import type { Pieces } from '../../kernels/pieces.ts'
import { type Tensor, view } from '../../kernels/tensor.ts'
import { unitMargin } from '../receptive-field.ts'
import { convolutionMargins, type ResidualParts } from './residual-parts.ts'
import { Activations } from './window-network.ts'

/** Activations of some stretches of one length, side by side in each tensor. */
export interface KeptReference {
  /** The first unit's input and the result of each convolution, at places `position - start` of each stretch, 0 being its core's first. */
  readonly layers: readonly { readonly values: Tensor; readonly start: number }[]
  readonly pieces: Pieces
  /** [logitCount, stretches · coreLength]. */
  readonly logits: Tensor
  release(): void
}

/** Bytes that a stretch of `bases`, halos counted, takes while it is kept. */
export const keptBytes = ({ channelCount, logitCount, units, stem, table }: ResidualParts, bases: number): number =>
  4 * bases * ((2 * units.length + 2) * channelCount + 1 + logitCount + (stem ? table.shape[1] : 0))

/**
 * Queues the network on stretches of one length and keeps what every convolution gives. `codes` [1, count · stride], the stride
 * being a stretch with its halos.
 */
export function queueReference(
  { channelCount, logitCount, halo, table, stem, units, skips, slope }: ResidualParts,
  codes: Tensor,
  coreLength: number,
  backend: Backend,
): KeptReference {
  const { ops } = backend
  const stride = halo.left + coreLength + halo.right
  const pieces = { count: codes.length / stride, stride }
  const kept = new Activations(backend)
  const passing = new Activations(backend)
  const layers: { values: Tensor; start: number }[] = []
  const logits = backend.tensor(logitCount, pieces.count * coreLength)
  const starts = passing.tensor(1, pieces.count)
  backend.write(
    starts,
    Float32Array.from({ length: pieces.count }, (_, k) => k * stride),
  )
  const cores = passing.tensor(channelCount, logits.length)
  const add = (values: Tensor, start: number): Tensor => {
    const doneUnits = layers.length / 2
    layers.push({ values, start })
    const skip = skips.find(({ afterUnit }) => afterUnit === doneUnits)
    if (skip) {
      ops.copyPieces({ out: cores, input: values, starts, shift: -start, pieces: { ...pieces, stride: coreLength } })
      const residual = skip === skips[0] ? undefined : logits
      ops.linear({ out: logits, input: cores, norm: skip.norm, weight: skip.weight, bias: skip.bias, residual })
    }
    return values
  }
  const embedded = (stem ? passing : kept).tensor(table.shape[1], codes.length)
  ops.embedding({ out: embedded, codes, table })
  let x = embedded
  if (stem) {
    const { weight, bias, margins } = stem
    x = kept.tensor(channelCount, codes.length - margins.left - margins.right)
    ops.dilatedConv({ out: x, input: embedded, weight, bias, dilation: 1, pieces })
  }
  add(x, -halo.left + (stem?.margins.left ?? 0))
  const margins = convolutionMargins(units)
  units.forEach((unit, i) => {
    const { dilation } = unit
    const margin = unitMargin(unit)
    const start = layers[layers.length - 1].start
    const inner = kept.tensor(channelCount, x.length - margin)
    ops.dilatedConv({ out: inner, input: x, ...unit.conv1, dilation, before: unit.before, after: true, slope, pieces })
    layers.push({ values: inner, start: start + margins[2 * i].left })
    const out = kept.tensor(channelCount, x.length - 2 * margin)
    const residual = view(x, { start: margin, length: out.length })
    ops.dilatedConv({ out, input: inner, ...unit.conv2, dilation, residual, pieces })
    x = add(out, start + margin)
  })
  passing.release()
  return {
    layers,
    pieces,
    logits,
    release() {
      kept.release()
      backend.release(logits)
    },
  }
}
