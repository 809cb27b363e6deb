import type { Backend } from '../../kernels/backend.ts'
import { type Tensor, view } from '../../kernels/tensor.ts'
import type { KeptReference } from './kept-reference.ts'
import { intersection, type Interval } from './reach.ts'
import { codesRegion, convolutionMargins, type ResidualParts } from './residual-parts.ts'
import { Activations } from './window-network.ts'

/** Edits that are computed together, as if each had the longest reach of them. */
export interface EditBatch {
  /** Positions to compute of the first unit's input and after each convolution (`regionsOf`), the same for all. */
  readonly regions: readonly Interval[]
  /** Positions whose logits are given. */
  readonly wanted: Interval
  /** Codes of all edited sequences that the first region is computed from (`codesRegion`), one after the other. */
  readonly codes: Float32Array
  /** For each: its position 0 in the row of kept stretches; and where what lies behind the edit would have its position 0. */
  readonly before: Float32Array
  readonly behind: Float32Array
}

/** What the tensors of a batch have in common: positions `start` .. + `stride` of each edit, one after the other. */
function layoutOf(units: ResidualParts['units'], regions: readonly Interval[]): { start: number; stride: number } {
  const inputs = convolutionMargins(units).map(({ left, right }, i) => ({
    start: regions[i + 1].start - left,
    end: regions[i + 1].end + right,
  }))
  const start = Math.min(...[...regions, ...inputs].map((interval) => interval.start))
  const end = Math.max(...[...regions, ...inputs].map((interval) => interval.end))
  return { start, stride: Math.ceil((end - start) / 16) * 16 }
}

/** Bytes that one edit of a batch takes. */
export function editBytes(parts: ResidualParts, regions: readonly Interval[], wanted: Interval): number {
  const { channelCount, logitCount, units, stem, table } = parts
  const read = codesRegion(parts, regions[0])
  const perCode = 1 + channelCount + (stem ? table.shape[1] : 0)
  const values = 2 * channelCount * layoutOf(units, regions).stride + perCode * (read.end - read.start)
  return 4 * (values + (channelCount + 2 * logitCount) * (wanted.end - wanted.start) + 3)
}

/** Queues a batch of edits of what `kept` holds; gives logits [logitCount, edits · wanted positions], which the caller releases. */
export function queueEdits(parts: ResidualParts, kept: KeptReference, batch: EditBatch, backend: Backend): Tensor {
  const { channelCount, logitCount, table, stem, units, skips, slope } = parts
  const { regions, wanted } = batch
  const { ops } = backend
  const count = batch.before.length
  const activations = new Activations(backend)
  const host = (values: Float32Array): Tensor => {
    const tensor = activations.tensor(1, values.length)
    backend.write(tensor, values)
    return tensor
  }
  const { start: first, stride } = layoutOf(units, regions)
  const pieces = { count, stride }
  const [before, behind] = [host(batch.before), host(batch.behind)]
  const x = activations.tensor(channelCount, count * stride)
  const inner = activations.tensor(channelCount, count * stride)
  const part = (tensor: Tensor, { start, end }: Interval): Tensor =>
    view(tensor, { start: start - first, length: (count - 1) * stride + end - start })

  const wantedLength = wanted.end - wanted.start
  const cores = activations.tensor(channelCount, count * wantedLength)
  const logits = backend.tensor(logitCount, count * wantedLength)
  /** Fills `to`, whose pieces hold positions from `origin` on, around what is computed of a layer, with the reference's. */
  const surround = (to: Tensor, origin: number, toStride: number, layer: number, within: Interval): void => {
    const { values, start } = kept.layers[layer]
    const region = regions[layer]
    const sides = [
      { starts: before, from: within.start, end: Math.min(within.end, region.start) },
      { starts: behind, from: Math.max(within.start, region.end), end: within.end },
    ]
    for (const { starts, from, end } of sides) {
      if (from >= end) continue
      const out = view(to, { start: from - origin, length: (count - 1) * toStride + end - from })
      ops.copyPieces({ out, input: values, starts, shift: from - start, pieces: { count, stride: toStride } })
    }
  }
  const ownPlaces = host(Float32Array.from({ length: count }, (_, k) => k * stride))
  const addSkip = (done: number): void => {
    const skip = skips.find(({ afterUnit }) => afterUnit === done)
    if (!skip) return
    const own = intersection(wanted, regions[2 * done])
    surround(cores, wanted.start, wantedLength, 2 * done, wanted)
    if (own.start < own.end) {
      const out = view(cores, {
        start: own.start - wanted.start,
        length: (count - 1) * wantedLength + own.end - own.start,
      })
      const shift = own.start - first
      ops.copyPieces({ out, input: x, starts: ownPlaces, shift, pieces: { count, stride: wantedLength } })
    }
    const residual = skip === skips[0] ? undefined : logits
    ops.linear({ out: logits, input: cores, norm: skip.norm, weight: skip.weight, bias: skip.bias, residual })
  }

  const read = codesRegion(parts, regions[0])
  const codeStride = read.end - read.start
  if (codeStride > 0) {
    const embedded = activations.tensor(stem ? table.shape[1] : channelCount, count * codeStride)
    ops.embedding({ out: embedded, codes: host(batch.codes), table })
    let input = embedded
    if (stem) {
      const length = embedded.length - stem.margins.left - stem.margins.right
      input = activations.tensor(channelCount, length)
      const own = { count, stride: codeStride }
      ops.dilatedConv({ out: input, input: embedded, weight: stem.weight, bias: stem.bias, dilation: 1, pieces: own })
    }
    const starts = host(Float32Array.from({ length: count }, (_, k) => k * codeStride))
    ops.copyPieces({ out: part(x, regions[0]), input, starts, shift: 0, pieces })
  }
  addSkip(0)
  const margins = convolutionMargins(units)
  /** The input of convolution i: what is computed of it, the reference around that. */
  const inputOf = (i: number, tensor: Tensor): Tensor => {
    const { start, end } = regions[i + 1]
    const within = { start: start - margins[i].left, end: end + margins[i].right }
    surround(tensor, first, stride, i, within)
    return part(tensor, within)
  }
  units.forEach((unit, i) => {
    const { dilation } = unit
    const hidden = part(inner, regions[2 * i + 1])
    const input = inputOf(2 * i, x)
    ops.dilatedConv({ out: hidden, input, ...unit.conv1, dilation, before: unit.before, after: true, slope, pieces })
    const out = part(x, regions[2 * i + 2])
    ops.dilatedConv({ out, input: inputOf(2 * i + 1, inner), ...unit.conv2, dilation, residual: out, pieces })
    addSkip(i + 1)
  })
  activations.release()
  return logits
}
