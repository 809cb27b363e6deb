import { createHash } from 'node:crypto'
import { wholeFile } from './local-file.ts'
import type { ByteSink } from './sink.ts'

/** What a file is, whatever its name and times. */
export interface FileHash {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** Reads all of a file. FormatError where it is missing or cannot be read; an abort passes through. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<FileHash> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of wholeFile(path, signal)) {
    hash.update(piece)
    bytes += piece.byteLength
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** Hands everything on to `sink`; `hash` is what was written, once that is complete. */
export function hashingSink(sink: ByteSink): ByteSink & { hash(): FileHash } {
  const hash = createHash('sha256')
  let bytes = 0
  return {
    async write(chunks) {
      for (const chunk of chunks) {
        hash.update(chunk)
        bytes += chunk.byteLength
      }
      await sink.write(chunks)
    },
    finish: () => sink.finish(),
    abort: () => sink.abort(),
    hash: () => ({ bytes, sha256: hash.digest('hex') }),
  }
}
