import { type FileHandle, open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { bgzfDataBytes } from '../variants/bgzf-sink.ts'
import { partialPath } from '../bytes/output-place.ts'
import { type DoneOutput, readAt } from './done-output.ts'

const newline = 10
const hash = 35
const readBytes = 1 << 20
const inflate = promisify(inflateRaw)

/** The whole records of a VCF that was cut anywhere, packed as BGZF or not; undefined where there is none. Reads all of it. */
export async function readDoneVcf(path: string, isPacked: boolean): Promise<DoneOutput | undefined> {
  const handle = await open(partialPath(path), 'r').catch((cause) => {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined
    throw cause
  })
  if (!handle) return undefined
  try {
    const count = new LineCount()
    let packedBytes = 0
    if (isPacked)
      for await (const { data, end } of fullBlocks(handle)) {
        count.add(data)
        packedBytes = end
      }
    else for await (const data of pieces(handle)) count.add(data)
    if (count.records === 0) return undefined
    const kept = { rows: count.records, head: count.head(), recordBatches: [] }
    return isPacked
      ? { ...kept, bytes: packedBytes, tornBytes: count.bytes - count.lineEnd }
      : { ...kept, bytes: count.lineEnd }
  } finally {
    await handle.close()
  }
}

/** Lines that begin with `#`, kept, and lines after them, counted. */
class LineCount {
  records = 0
  bytes = 0
  /** Where the last whole line ends. */
  lineEnd = 0
  #isHead = true
  #isStart = true
  #headBytes = 0
  #headPieces: Uint8Array[] = []

  add(data: Uint8Array): void {
    if (this.#isHead) this.#headPieces.push(data.slice())
    for (let at = 0; at < data.length; ) {
      if (this.#isStart && this.#isHead && data[at] !== hash) {
        this.#isHead = false
        this.#headBytes = this.bytes + at
      }
      const end = data.indexOf(newline, at)
      this.#isStart = end >= 0
      if (end < 0) break
      if (!this.#isHead) this.records++
      at = end + 1
      this.lineEnd = this.bytes + at
    }
    this.bytes += data.length
  }

  head(): Uint8Array {
    return Buffer.concat(this.#headPieces).subarray(0, this.#headBytes)
  }
}

async function* pieces(handle: FileHandle): AsyncGenerator<Uint8Array> {
  for (let at = 0; ; ) {
    const piece = await readAt(handle, at, readBytes)
    if (piece.length === 0) return
    yield piece
    at += piece.length
  }
}

/** Blocks as they are before the last one: whole, and with as many bytes as fit. */
async function* fullBlocks(handle: FileHandle): AsyncGenerator<{ data: Uint8Array; end: number }> {
  let at = 0
  for (;;) {
    const bytes = Buffer.from(await readAt(handle, at, readBytes))
    let from = 0
    while (from + 18 <= bytes.length) {
      const byteCount = bytes.readUInt16LE(from + 16) + 1
      if (byteCount < 26 || from + byteCount > bytes.length) break
      if (bytes.readUInt32LE(from + byteCount - 4) !== bgzfDataBytes) return
      const data = await inflate(bytes.subarray(from + 18, from + byteCount - 8)).catch(() => undefined)
      if (data?.length !== bgzfDataBytes) return
      from += byteCount
      yield { data, end: at + from }
    }
    if (from === 0) return
    at += from
  }
}
