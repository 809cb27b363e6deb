import type { PredictionBatch } from '../../src/genome.ts'

/** `[contig, start, length]` each, with two tracks: x is NaN at each seventh position, y never. */
export function makeBatches(pieces: readonly (readonly [string, number, number])[]): PredictionBatch[] {
  return pieces.map(([contig, start, length], regionIndex) => ({
    region: { contig, start, end: start + length },
    bases: Uint8Array.from({ length }, (_, i) => 'ACGTNRY'.charCodeAt((start + i) % 7)),
    tracks: {
      x: Float32Array.from({ length }, (_, i) => ((start + i) % 7 === 3 ? Number.NaN : (start + i) / 7)),
      y: Float32Array.from({ length }, (_, i) => -(start + i)),
    },
    regionIndex,
  }))
}

/** Rows as they should be read, all columns. */
export const rowsExpected = (batches: readonly PredictionBatch[], regions?: readonly string[]) =>
  batches.flatMap((batch) =>
    [...batch.bases].map((base, i) => ({
      contig: batch.region.contig,
      position: batch.region.start + i,
      base: String.fromCharCode(base),
      ...(regions ? { region: regions[batch.regionIndex] } : {}),
      x: Number.isNaN(batch.tracks['x'][i]) ? null : batch.tracks['x'][i],
      y: batch.tracks['y'][i],
    })),
  )
