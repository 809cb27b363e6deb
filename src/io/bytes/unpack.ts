import { readAhead } from '../../streams.ts'
import { type BgzfBlock, listBlocks, sniffPacking } from './bgzf.ts'
import { type ByteSource, concatBytes } from './byte-source.ts'

/** Blocks that are inflated in one call, 1 MiB of data (a run of N is so small when packed that bytes cannot bound it). */
const RUN_BLOCKS = 16
/** Calls that run while the consumer works. */
const RUNS_AHEAD = 2

/** The inflaters of this platform: zlib, and in the build for browsers what inflate.browser.ts has. */
export function loadInflaters(): Promise<typeof import('./inflate.ts')> {
  inflaters ??= import('./inflate.ts')
  return inflaters
}
let inflaters: Promise<typeof import('./inflate.ts')> | undefined

export interface UnpackOptions {
  readonly signal?: AbortSignal
  readonly onWarning?: (message: string) => void
  /** Told first of all how the file is packed. */
  readonly onPacking?: (packing: 'bgzf' | 'gzip' | 'plain') => void
  /** Told of every BGZF block, in order. */
  readonly onBlock?: (compressedOffset: number, dataBytes: number) => void
}

/** All bytes of `source` in order, unpacked if they are gzip or BGZF. Memory does not depend on the file. */
export async function* unpackedStream(source: ByteSource, options: UnpackOptions = {}): AsyncGenerator<Uint8Array> {
  const pieces = source.stream(options.signal)
  try {
    const first = await takeAtLeast(pieces, 18)
    const packing = sniffPacking(first, source.name)
    options.onPacking?.(packing)
    const whole = startingWith(first, pieces)
    if (packing === 'plain') yield* readAhead(whole, 1)
    else if (packing === 'gzip') yield* (await loadInflaters()).gunzipStream(whole, source.name)
    else yield* inflateBlocks(whole, source.name, options)
  } finally {
    await pieces.return(undefined)
  }
}

async function takeAtLeast(pieces: AsyncGenerator<Uint8Array>, byteCount: number): Promise<Uint8Array> {
  let taken: Uint8Array = new Uint8Array(0)
  while (taken.length < byteCount) {
    const next = await pieces.next()
    if (next.done) break
    taken = taken.length === 0 ? next.value : concatBytes([taken, next.value])
  }
  return taken
}

async function* startingWith(first: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  yield* rest
}

interface Run {
  readonly bytes: Uint8Array
  readonly blocks: readonly BgzfBlock[]
}

/** Cuts the compressed bytes into runs of whole blocks; FormatError with the offset if the file ends inside a block. */
async function* cutRuns(source: AsyncIterable<Uint8Array>, name: string, options: UnpackOptions): AsyncGenerator<Run> {
  let left: Uint8Array = new Uint8Array(0)
  let offset = 0
  let lastBlock: BgzfBlock | undefined
  for await (const piece of source) {
    const bytes = left.length === 0 ? piece : concatBytes([left, piece])
    const blocks = listBlocks(bytes, offset, name, false)
    lastBlock = blocks.at(-1) ?? lastBlock
    let used = 0
    for (let first = 0; first < blocks.length; first += RUN_BLOCKS) {
      const run = blocks.slice(first, first + RUN_BLOCKS)
      const start = used
      for (const { compressedOffset, byteCount, dataBytes } of run) {
        options.onBlock?.(compressedOffset, dataBytes)
        used += byteCount
      }
      yield { bytes: bytes.subarray(start, used), blocks: run }
    }
    left = bytes.subarray(used)
    offset += used
  }
  listBlocks(left, offset, name, true) // throws if anything is left
  if (lastBlock?.dataBytes !== 0) options.onWarning?.(missingEndWarning(name))
}

export const missingEndWarning = (name: string): string =>
  `${name}: the BGZF end-of-file block is missing; the file may have been cut off at a block border`

async function* inflateBlocks(
  source: AsyncIterable<Uint8Array>,
  name: string,
  options: UnpackOptions,
): AsyncGenerator<Uint8Array> {
  const { inflateRun } = await loadInflaters()
  const started = async function* (): AsyncGenerator<{ data: Promise<Uint8Array> }> {
    for await (const { bytes, blocks } of cutRuns(source, name, options)) {
      const data = inflateRun(bytes, blocks, name)
      data.catch(() => {}) // reported when it is this run's turn
      yield { data }
    }
  }
  for await (const { data } of readAhead(started(), RUNS_AHEAD)) {
    const bytes = await data
    if (bytes.length > 0) yield bytes
  }
}
