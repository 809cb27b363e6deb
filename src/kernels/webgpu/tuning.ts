/** What can be chosen by measuring on a card (calibrate.webgpu.ts). None of it changes a result beyond rounding. */
export interface GpuTuning {
  /** Bytes of what lies between the two steps of an op, for a tile of positions: more are fewer dispatches, less stays in caches. */
  readonly tileBytes: number
  /** Bytes of the blocks between the passes of a transform that are computed at a time. */
  readonly workBytes: number
  /** Whether loops over a thread's registers are written out. */
  readonly isUnrolled: boolean
}

/** Counted, not measured. Drivers that compute on the CPU take ten times longer to compile what is written out. */
export const defaultTuning = (isSoftware: boolean): GpuTuning => ({
  tileBytes: 128 * 2 ** 20,
  workBytes: 256 * 2 ** 20,
  isUnrolled: !isSoftware,
})

/** Positions of a tile of `bytesEach`, a multiple of 256: at least 256, and at most what half a binding holds. */
export function tilePositions(length: number, bytesEach: number, tileBytes: number, maxBindingBytes: number): number {
  const fitting = Math.floor(Math.min(tileBytes, maxBindingBytes / 2) / (bytesEach * 256)) * 256
  return Math.min(length, Math.max(256, fitting))
}
