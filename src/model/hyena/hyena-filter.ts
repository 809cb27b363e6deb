import type { Backend } from '../../kernels/backend.ts'
import type { ImplicitFilterArguments } from '../../kernels/implicit-filter/implicit-filter.ts'
import { type LongConvPlan, recomputesSpectra } from '../../kernels/long-conv/plan.ts'
import type { PreparedFilter } from '../../kernels/long-conv/long-conv.ts'
import { type Tensor, view } from '../../kernels/tensor.ts'
import type { HyenaArchitecture } from '../checkpoint.ts'
import type { Parameters } from '../parameters.ts'
import type { FilterPolicy } from './run-shape.ts'

/** HyenaDNA's window never falls below this (`modulation.shift`). */
const modulationShift = 0.05

/** The first taps, by which a sequence's first positions are computed once more; see HyenaMixer. */
export const headLength = 256
/** Points of a transform from which on that pays: in shorter ones the first outputs lose less than a digit or two. */
const headFrom = 2 ** 15

export interface ReadyFilter {
  readonly whole: PreparedFilter
  /** The first `headLength` taps by themselves, where `whole` is a transform that they would gain from. */
  readonly head: PreparedFilter | undefined
}

export interface HyenaFilter {
  /** The first `tapCount` taps, ready for blocks of `blockLength`; valid until `used`. */
  prepared(policy: FilterPolicy, blockLength: number, tapCount: number): ReadyFilter
  /** After each use. */
  used(policy: FilterPolicy): void
  /** Lets go of what `prepared` with these arguments would not use. */
  keepFor(policy: FilterPolicy, blockLength: number, tapCount: number): void
  release(): void
}

/** The filters of `channelCount` channels. */
export function createHyenaFilter(
  args: Omit<ImplicitFilterArguments, 'out' | 'firstTap'>,
  channelCount: number,
  backend: Backend,
  frequencySparsity: number | undefined,
): HyenaFilter {
  let taps: Tensor | undefined
  let current:
    | {
        readonly ready: ReadyFilter
        readonly blockLength: number
        readonly tapCount: number
        readonly policy: FilterPolicy
      }
    | undefined

  const dropFilter = (): void => {
    if (current) backend.releaseFilter(current.ready.whole)
    if (current?.ready.head) backend.releaseFilter(current.ready.head)
    current = undefined
  }
  const dropTaps = (): void => {
    if (taps) backend.release(taps)
    taps = undefined
  }
  const headOf = (whole: LongConvPlan, taps: Tensor): PreparedFilter | undefined => {
    // With bins left out the whole sequence gets the same approximate filter.
    if (whole.method === 'direct' || whole.fftSize < headFrom || whole.frequencySparsity > 0) return undefined
    const filterLength = Math.min(headLength, taps.length)
    const plan = backend.planLongConv({ channelCount, length: headLength, filterLength })
    return backend.prepareFilter(plan, view(taps, { length: filterLength }), { centerTap: 0 })
  }
  const isReady = (policy: FilterPolicy, blockLength: number, tapCount: number): boolean =>
    current !== undefined &&
    current.blockLength === blockLength &&
    current.tapCount === tapCount &&
    current.policy === policy
  return {
    keepFor(policy, blockLength, tapCount) {
      if (isReady(policy, blockLength, tapCount)) return
      dropFilter()
      if (policy !== 'keep-taps' || taps?.length !== tapCount) dropTaps()
    },
    prepared(policy, blockLength, tapCount) {
      if (current && isReady(policy, blockLength, tapCount)) return current.ready
      dropFilter()
      if (taps?.length !== tapCount) dropTaps()
      if (!taps) {
        taps = backend.tensor(channelCount, tapCount)
        backend.ops.implicitFilter({ ...args, out: taps, firstTap: 0 })
      }
      const plan = planHyenaFilter(backend, channelCount, blockLength, tapCount, policy, frequencySparsity)
      const whole = backend.prepareFilter(plan, taps, { centerTap: 0 })
      current = { ready: { whole, head: headOf(plan, taps) }, blockLength, tapCount, policy }
      if (!recomputesSpectra(plan)) dropTaps()
      return current.ready
    },
    used(policy) {
      if (policy !== 'recompute') return
      dropFilter()
      dropTaps()
    },
    release() {
      dropFilter()
      dropTaps()
    },
  }
}

export const planHyenaFilter = (
  backend: Backend,
  channelCount: number,
  length: number,
  filterLength: number,
  policy: FilterPolicy,
  frequencySparsity: number | undefined,
): LongConvPlan =>
  backend.planLongConv({
    channelCount,
    length,
    filterLength,
    frequencySparsity,
    spectrumBytes: policy === 'keep-spectra' ? Number.POSITIVE_INFINITY : 0,
  })

/** What all channels' filters share of the filter MLP's parameters, by the names of docs/models.md, section 1. */
export function implicitFilterArguments(
  parameters: Parameters,
  prefix: string,
  { maxLength, embeddingSize, filterMlpWidth }: HyenaArchitecture,
): Omit<ImplicitFilterArguments, 'out' | 'firstTap' | 'outWeight' | 'deltas'> {
  const table = (name: string, columns: number) => {
    if (!parameters.has(`${prefix}.${name}`)) return undefined
    const { data } = parameters.host(`${prefix}.${name}`)
    return parameters.upload(data, columns === 1 ? [data.length] : [data.length / columns, columns])
  }
  return {
    tapCount: maxLength,
    embeddingSize,
    z: table('pos_emb.z', embeddingSize),
    t: table('pos_emb.t', 1),
    freq: parameters.upload(parameters.host(`${prefix}.implicit_filter.1.freq`).data, [filterMlpWidth]),
    layers: [0, 2, 4].map((i) => parameters.linear(`${prefix}.implicit_filter.${i}`)),
    shift: modulationShift,
  }
}
