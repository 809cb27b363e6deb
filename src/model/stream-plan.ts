import { LimitError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import { filterBytesOf, scratchBytesOf } from '../kernels/long-conv/plan.ts'
import { type FilterPolicy, planHyenaFilter } from './hyena/hyena-filter.ts'
import type { HyenaNetwork } from './hyena/hyena-network.ts'
import { longHistoryLength } from './hyena/hyena-state.ts'

/** How a causal model runs over a sequence: its block and what is kept of the filters. */
export interface StreamPlan {
  readonly blockLength: number
  readonly filterPolicy: FilterPolicy
  readonly memoryBytes: number
}

/** A block must fill the history of the short convolutions; shorter ones would only cost time. */
export const smallestBlock = 64
const preferredBlock = 131_072
/** Longer filters want blocks of their own order: an FFT computes block + filter points for block results. */
const blockPerFilterLength = 4

/** Short runs share a few block lengths, and with them their plans and prepared filters: a power of two up to the preferred block. */
function roundedLength(totalLength: number): number {
  return totalLength > preferredBlock ? totalLength : Math.max(1024, 2 ** Math.ceil(Math.log2(Math.max(1, totalLength))))
}

/** Bytes a run takes at its peak beyond what is already allocated. */
export function streamBytes(network: HyenaNetwork, backend: Backend, blockLength: number, totalLength: number, policy: FilterPolicy): number {
  const { modelWidth, layerCount, shortFilterLength } = network.architecture
  const filterLength = network.tapsUsed({ blockLength, totalLength })
  const activations = 3 * modelWidth * blockLength + 10 * blockLength
  const histories = layerCount * modelWidth * (longHistoryLength(filterLength, { blockLength, totalLength }) + shortFilterLength)
  const taps = modelWidth * filterLength
  const plan = planHyenaFilter(backend, modelWidth, blockLength, filterLength, policy, network.frequencySparsity)
  const spectraBytes = Math.max(filterBytesOf(plan), 4 * taps)
  const filterBytes = { 'keep-spectra': layerCount * spectraBytes + 4 * taps, 'keep-taps': 4 * layerCount * taps, recompute: 4 * taps }[policy]
  // A CPU transforms in each thread's own memory (two threads are counted), a GPU in buffers the size of the spectra.
  const scratchBytes = backend.kind === 'cpu' ? 2 * scratchBytesOf(plan) : 4 * modelWidth * Math.max(plan.fftSize, filterLength)
  return 4 * (activations + histories) + filterBytes + scratchBytes
}

/**
 * The fastest way that fits `memoryBytes`: the preferred block, halved as need be, first with the filters' spectra kept,
 * then with their taps, then with nothing. Throws LimitError with the bytes that the smallest would take.
 */
export function planStream(
  networks: readonly HyenaNetwork[],
  backend: Backend,
  options: { readonly totalLength: number; readonly chunkBases?: number; readonly memoryBytes: number },
): StreamPlan {
  const { totalLength, chunkBases, memoryBytes } = options
  // What filters hold from earlier runs is counted with the plan: each run of a length then gets the plan of the first.
  const resident = backend.memory.currentBytes - networks.reduce((sum, network) => sum + network.heldFilterBytes, 0)
  const { filterLength, architecture } = networks[0]!
  const widestBlock = Math.max(smallestBlock, Math.floor(backend.limits.maxTensorBytes / (4 * architecture.modelWidth)))
  const wanted = Math.min(chunkBases ?? Math.max(preferredBlock, blockPerFilterLength * filterLength), roundedLength(totalLength), widestBlock)
  const bytes = (block: number, policy: FilterPolicy): number =>
    resident + networks.reduce((sum, network) => sum + streamBytes(network, backend, block, totalLength, policy), 0)

  // A block that is much shorter than its filter wastes most of each FFT: rather give up kept filters first.
  const blocks: number[] = []
  for (let block = Math.max(smallestBlock, wanted); ; block = Math.max(smallestBlock, Math.ceil(block / 2))) {
    blocks.push(block)
    if (block === smallestBlock || chunkBases !== undefined) break
  }
  const good = blocks.filter((b) => b >= Math.min(wanted, filterLength / 2))
  const policies: FilterPolicy[] = ['keep-spectra', 'keep-taps', 'recompute']
  const candidates = [
    ...policies.flatMap((filterPolicy) => good.map((blockLength) => ({ blockLength, filterPolicy }))),
    ...blocks.filter((b) => !good.includes(b)).map((blockLength) => ({ blockLength, filterPolicy: 'recompute' as const })),
  ]
  let least = Number.POSITIVE_INFINITY
  for (const { blockLength, filterPolicy } of candidates) {
    const needed = bytes(blockLength, filterPolicy)
    if (needed <= memoryBytes) return { blockLength, filterPolicy, memoryBytes: needed }
    least = Math.min(least, needed)
  }
  throw new LimitError({
    where: '--memory',
    what: `the model does not fit, even in the smallest blocks`,
    expected: `at least ${Math.ceil(least / 2 ** 20)} MiB`,
    got: `${Math.floor(memoryBytes / 2 ** 20)} MiB`,
    remedy: chunkBases === undefined ? 'give more memory or a smaller --filter-length' : 'give more memory or a smaller --chunk',
    neededBytes: least,
  })
}
