import type { RowBatch } from '../../src/io/output/prediction-file.ts'

/** Rows of a block at consecutive positions of one contig. */
export interface RowRun {
  readonly contig: string
  readonly start: number
  readonly end: number
  /** Of the row at `start`, in its block. */
  readonly row: number
}

/** The rows of a block as runs, in their order. */
export function runsOf({ length, contig, contigNames, position }: RowBatch): RowRun[] {
  const runs: RowRun[] = []
  for (let row = 0; row < length; ) {
    let next = row + 1
    while (next < length && contig[next] === contig[row] && position[next] === position[next - 1] + 1) next++
    const start = position[row]
    runs.push({ contig: contigNames[contig[row]], start, end: start + next - row, row })
    row = next
  }
  return runs
}
