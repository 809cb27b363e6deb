/**
 * What is kept of a layer's filter between blocks, from most memory to least: its spectra; its taps (spectra made anew
 * at each use); nothing (taps made anew from the filter's MLP too).
 */
export type FilterPolicy = 'keep-spectra' | 'keep-taps' | 'recompute'

/** How a causal model cuts a run. */
export interface BlockCut {
  readonly blockLength: number
  readonly filterPolicy: FilterPolicy
  /** Parts that the channels of each Hyena operator are computed in, one after the other: more take less memory and more time. */
  readonly channelGroups: number
}

/** What a run needs to know before its first block. */
export interface HyenaRunShape extends BlockCut {
  /** All positions of the run, context included; Infinity where unknown. */
  readonly totalLength: number
}
