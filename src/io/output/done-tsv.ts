import type { FileHandle } from 'node:fs/promises'
import { type DoneOutput, readAt } from './done-output.ts'

const newline = 10
const readBytes = 1 << 20

/** The whole lines of a table that was cut anywhere, its header apart; undefined where there is no row. Reads all of it. */
export async function readDoneTsv(handle: FileHandle): Promise<DoneOutput | undefined> {
  let lines = 0
  let bytes = 0
  let headBytes = 0
  for (let at = 0; ; ) {
    const piece = await readAt(handle, at, readBytes)
    if (piece.length === 0) break
    for (let i = piece.indexOf(newline); i >= 0; i = piece.indexOf(newline, i + 1)) {
      bytes = at + i + 1
      if (lines++ === 0) headBytes = bytes
    }
    at += piece.length
  }
  if (lines < 2) return undefined
  return { rows: lines - 1, bytes, head: await readAt(handle, 0, headBytes), recordBatches: [] }
}
