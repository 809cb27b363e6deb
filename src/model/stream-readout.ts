import { rowsByName } from './layer-state.ts'
import { LanguageValues, meanProbabilities } from './tracks.ts'

/** How what a causal network's head gives becomes tracks. */
export interface StreamReadout {
  /** Positions that are read out at a time: memory follows them where the head is wide. */
  readonly mostBases: number
  /** Whether the positions before the first wanted one are read out too. */
  readonly needsContext: boolean
  /** Bytes that it takes in a run, on the device and as values. */
  bytes(blockLength: number): number
  /** Of one run. */
  open(): RunReadout
}

export interface RunReadout {
  /** Tracks at `bases` from each member's values [headRowCount, bases.length], in ascending order. */
  next(members: readonly Float32Array[], bases: Uint8Array, tracks: readonly string[]): Record<string, Float32Array>
}

/** Predictions: logits of a block at once; a base's distribution comes from the position before it. */
export const languageReadout: StreamReadout = {
  mostBases: Number.POSITIVE_INFINITY,
  needsContext: true,
  bytes: (blockLength) => 4 * 8 * blockLength,
  open() {
    const values = new LanguageValues()
    return { next: (members, bases, tracks) => values.next(meanProbabilities(members, 4), bases, tracks) }
  },
}

const statePositions = 16_384
/** Parts of a block that are held: one is used, one is on its way, each on the device and as values. */
const heldParts = 4

/** States, of a model without other members: all channels, so some positions at a time. */
export const stateReadout = (channelCount: number): StreamReadout => ({
  mostBases: statePositions,
  needsContext: false,
  bytes: (blockLength) => 4 * heldParts * channelCount * Math.min(blockLength, statePositions),
  open: () => ({ next: ([values], _, tracks) => rowsByName(values, channelCount, tracks) }),
})
