import type { FileHandle } from 'node:fs/promises'
import { ConfigError } from '../../errors.ts'

/** Where a message of an Arrow file stands, as its footer says it. */
export interface MessageBlock {
  readonly offset: number
  /** Bytes of the metadata, the length before it and its padding counted. */
  readonly metaDataLength: number
  readonly bodyLength: number
}

/** The whole rows that an interrupted run left in its partial output: what a resumed run need not write again. */
export interface DoneOutput {
  /** At least 1. */
  readonly rows: number
  /** Bytes that stay; what follows is written after them. */
  readonly bytes: number
  /** The bytes before the first row: the encoder compares them with its own. */
  readonly head: Uint8Array
  /** Bytes after the last whole row that stay too: a block of BGZF ends anywhere. Unpacked; 0 where undefined. */
  readonly tornBytes?: number
  /** Arrow: the record batches. */
  readonly recordBatches: readonly MessageBlock[]
  /**
   * Names of the contigs of those rows in order of first use, for outputs whose contigs were not known beforehand. Asked
   * for when the first new row is there, or the end.
   */
  readonly contigs?: () => readonly string[]
}

/** Reads `[offset, offset + length)`; fewer bytes at the end of the file. */
export async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(out, done, length - done, offset + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return out.subarray(0, done)
}

/** ConfigError where a partial output does not begin with `head`, i.e. was begun by another version or with other options. */
export function checkHead(head: readonly Uint8Array[], done: DoneOutput): void {
  let at = 0
  const isSame = head.every((piece) => piece.every((byte) => byte === done.head[at++]))
  if (isSame && at === done.head.length) return
  throw new ConfigError({
    option: 'resume',
    what: 'the partial output does not begin as this run would begin it',
    remedy: 'run without `resume` to start over',
  })
}
