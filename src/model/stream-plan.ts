import { LimitError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import { filterBytesOf, type LongConvPlan } from '../kernels/long-conv/plan.ts'
import { headLength, planHyenaFilter } from './hyena/hyena-filter.ts'
import { groupedWeightBytes } from './hyena/hyena-mixer.ts'
import type { HyenaNetwork } from './hyena/hyena-network.ts'
import { longHistoryLength } from './hyena/hyena-state.ts'
import type { BlockCut, FilterPolicy } from './hyena/run-shape.ts'

/** How a causal model runs over a sequence: its block and what is kept of the filters. */
export interface StreamPlan extends BlockCut {
  readonly memoryBytes: number
  /** Expected seconds of what depends on how the run is cut, as `cuttingSeconds`; on a CPU. */
  readonly cuttingSeconds: number
}

/** A block must fill the history of the short convolutions; shorter ones would only cost time. */
const smallestBlock = 64
/** Blocks shorter than this part of the filter, which is made anew for each, take hours: rather say how much memory is needed. */
const leastBlockPerFilterLength = 1 / 8
const preferredBlock = 131_072
/** Longer filters want blocks of their own order: an FFT computes block + filter points for block results. */
const blockPerFilterLength = 4
/** Numbers of groups that the channels may be computed in, each of at least so many channels. */
const groupNumbers = [2, 4, 8, 16, 32]
const fewestChannels = 4

/** Short runs share a few block lengths, and with them their plans and prepared filters: a power of two up to the preferred block. */
function roundedLength(totalLength: number): number {
  return totalLength > preferredBlock
    ? totalLength
    : Math.max(1024, 2 ** Math.ceil(Math.log2(Math.max(1, totalLength))))
}

/** Bytes a run takes at its peak beyond what is already allocated, and what is read out of it. */
function streamBytes(network: HyenaNetwork, backend: Backend, candidate: BlockCut, totalLength: number): number {
  const { blockLength, filterPolicy, channelGroups } = candidate
  const { modelWidth, layerCount, shortFilterLength } = network.architecture
  const groupWidth = modelWidth / channelGroups
  const filterLength = network.tapsUsed({ blockLength, totalLength })
  const activations =
    (channelGroups > 1 ? 2 * modelWidth + 2 * groupWidth : 3 * modelWidth) * blockLength +
    2 * blockLength +
    groupWidth * headLength
  const histories =
    layerCount * modelWidth * (longHistoryLength(filterLength, { blockLength, totalLength }) + shortFilterLength)
  const taps = groupWidth * filterLength
  const plan = filterPlan(network, backend, candidate, totalLength)
  const spectraBytes = Math.max(filterBytesOf(plan), 4 * taps)
  const filterBytes = {
    'keep-spectra': layerCount * spectraBytes + 4 * taps,
    'keep-taps': 4 * layerCount * taps,
    recompute: 4 * taps,
  }[filterPolicy]
  const scratchBytes = backend.longConvScratchBytes(plan)
  const groupedBytes = channelGroups > 1 ? layerCount * groupedWeightBytes(network.architecture) : 0
  return 4 * (activations + histories) + filterBytes + scratchBytes + groupedBytes
}

const filterPlan = (
  network: HyenaNetwork,
  backend: Backend,
  { blockLength, filterPolicy, channelGroups }: BlockCut,
  totalLength: number,
): LongConvPlan => {
  const filterLength = network.tapsUsed({ blockLength, totalLength })
  return planHyenaFilter(
    backend,
    network.architecture.modelWidth / channelGroups,
    blockLength,
    filterLength,
    filterPolicy,
    network.frequencySparsity,
  )
}

/** Time that depends on how a run is cut: convolutions, filters, and what every group of channels repeats. */
function cuttingSeconds(network: HyenaNetwork, backend: Backend, candidate: BlockCut, totalLength: number): number {
  const { blockLength, channelGroups, filterPolicy } = candidate
  const { modelWidth, layerCount } = network.architecture
  const { implicitFilter, layerNorm } = backend.roughSeconds
  const blocks = Math.ceil(totalLength / blockLength)
  const taps = implicitFilter(network.tapsUsed({ blockLength, totalLength }), modelWidth / channelGroups)
  const filters = filterPolicy === 'recompute' ? blocks : 1
  const norms = (channelGroups - 1) * layerNorm(blocks * blockLength)
  const convolution = filterPlan(network, backend, candidate, totalLength).estimatedSeconds ?? 0
  return layerCount * (channelGroups * (blocks * convolution + filters * taps) + norms)
}

/**
 * The fastest way that fits `memoryBytes`: the preferred block, halved as need be, first with the filters' spectra kept, then with
 * their taps, then with nothing; then, by expected time, shorter blocks and the channels in groups. Throws LimitError with the bytes
 * that the smallest would take.
 */
export function planStream(
  networks: readonly HyenaNetwork[],
  backend: Backend,
  options: {
    readonly totalLength: number
    readonly chunkBases?: number
    readonly memoryBytes: number
    /** Bytes that what is read out of a member takes. */
    readonly readoutBytes: (blockLength: number) => number
  },
): StreamPlan {
  const { totalLength, chunkBases, memoryBytes, readoutBytes } = options
  const { filterLength, architecture } = networks[0]
  const widestBlock = Math.max(smallestBlock, Math.floor(backend.limits.maxTensorBytes / (4 * architecture.modelWidth)))
  const wanted = Math.min(
    chunkBases ?? Math.max(preferredBlock, blockPerFilterLength * filterLength),
    roundedLength(totalLength),
    widestBlock,
  )
  // Of this model alone: a plan must not depend on what else is allocated, or was run before.
  const weightBytes = networks.reduce((sum, network) => sum + network.weightBytes, 0)
  const overMembers = (value: (network: HyenaNetwork) => number): number =>
    networks.reduce((sum, network) => sum + value(network), 0)
  const secondsOf = (candidate: BlockCut): number =>
    overMembers((m) => cuttingSeconds(m, backend, candidate, totalLength))

  // A block that is much shorter than its filter wastes most of each FFT: rather give up kept filters first.
  const least = Math.max(smallestBlock, Math.ceil(Math.min(filterLength, totalLength) * leastBlockPerFilterLength))
  const blocks = [Math.max(smallestBlock, wanted)]
  while (chunkBases === undefined && blocks.at(-1)! > least) blocks.push(Math.max(least, Math.ceil(blocks.at(-1)! / 2)))
  const good = blocks.filter((b) => b >= Math.min(wanted, filterLength / 2))
  const policies: FilterPolicy[] = ['keep-spectra', 'keep-taps', 'recompute']
  const usual = policies.flatMap((filterPolicy) =>
    good.map((blockLength) => ({ blockLength, filterPolicy, channelGroups: 1 })),
  )
  const groupCounts = Number.isFinite(totalLength)
    ? groupNumbers.filter((n) => architecture.modelWidth % (fewestChannels * n) === 0)
    : []
  const slow = (): BlockCut[] =>
    [1, ...groupCounts]
      .flatMap((channelGroups) =>
        blocks.map((blockLength) => ({ blockLength, filterPolicy: 'recompute' as const, channelGroups })),
      )
      .filter(({ blockLength, channelGroups }) => channelGroups > 1 || !good.includes(blockLength))
      .map((candidate) => ({ candidate, seconds: secondsOf(candidate) }))
      .sort((a, b) => a.seconds - b.seconds)
      .map(({ candidate }) => candidate)
  let leastBytes = Number.POSITIVE_INFINITY
  for (const candidates of [() => usual, slow]) {
    for (const candidate of candidates()) {
      const readout = readoutBytes(candidate.blockLength)
      const needed = weightBytes + overMembers((m) => readout + streamBytes(m, backend, candidate, totalLength))
      if (needed <= memoryBytes) return { ...candidate, memoryBytes: needed, cuttingSeconds: secondsOf(candidate) }
      leastBytes = Math.min(leastBytes, needed)
    }
  }
  throw new LimitError({
    option: 'memory',
    what: `the model does not fit, even in the smallest blocks`,
    expected: `at least ${Math.ceil(leastBytes / 2 ** 20)} MiB`,
    got: `${Math.floor(memoryBytes / 2 ** 20)} MiB`,
    remedy:
      chunkBases === undefined
        ? 'give more `memory` or a smaller `filterLength`'
        : 'give more `memory` or a smaller `chunk`',
    neededBytes: leastBytes,
  })
}
