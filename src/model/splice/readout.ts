import { channelTracks, rowsByName } from '../layer-state.ts'
import type { Track } from '../model.ts'
import { meanProbabilities, spliceTracks, spliceValues } from '../tracks.ts'

/** How the logits of an ensemble's members, or the state of one network, become tracks. */
export interface Readout {
  readonly tracks: readonly Track[]
  /** `members`: each member's logits `[logitCount, length]`, contiguous; gives the named tracks, `length` values each. */
  values(members: readonly Float32Array[], names: readonly string[]): Record<string, Float32Array>
}

/** Rows neither, acceptor, donor: the mean of the members' probabilities. */
export const spliceReadout: Readout = {
  tracks: spliceTracks,
  values: (members, names) => spliceValues(meanProbabilities(members, 3), names),
}

/** A state, of a model without other members: its channels. */
export const windowStateReadout = (channelCount: number): Readout => ({
  tracks: channelTracks(channelCount),
  values: ([state], names) => rowsByName(state, channelCount, names),
})
