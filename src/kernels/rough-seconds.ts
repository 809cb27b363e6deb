/**
 * Rough seconds of operations whose amount depends on how a run is cut into blocks and groups of channels: proportions
 * for plans, and what a dry run says of long filters. Measured by bench/dense.ts with two threads on Node 20; a GPU
 * plans by the same proportions.
 */
export interface RoughSeconds {
  /** Whether they were measured on this kind of device; else they are proportions only. */
  readonly areMeasured: boolean
  /** Making `tapCount` taps of `channelCount` channels by a filter's MLP. */
  implicitFilter(tapCount: number, channelCount: number): number
  /** A layer norm of all channels at `positions` positions. */
  layerNorm(positions: number): number
}

/** Nanoseconds of one thread, and the threads. */
const cost = { hiddenTap: 450, tapChannel: 5.4, normPosition: 200, threads: 2 }
const seconds = (nanoseconds: number): number => nanoseconds / cost.threads / 1e9

export const roughSeconds: RoughSeconds = {
  areMeasured: true,
  implicitFilter: (tapCount, channelCount) => seconds(tapCount * (cost.hiddenTap + channelCount * cost.tapChannel)),
  layerNorm: (positions) => seconds(positions * cost.normPosition),
}
