/** Where bytes come from: a file, a Blob, a URL or a stream. Narrow on purpose: all readers of this folder stand on it. */
export interface ByteSource {
  /** As the user named it: a path, a URL, `-`. Errors begin with it. */
  readonly name: string
  /** Bytes in all; undefined where that cannot be known (streams). */
  readonly byteCount: number | undefined
  /** Last change in whole seconds since 1970, where known. */
  readonly modifiedSeconds: number | undefined
  /** How dear a look at some place is: `none` for a stream that can only be read once from start to end. */
  readonly access: 'cheap' | 'dear' | 'none'
  /** Bytes [position, position + length), fewer only at the end of the file. */
  read(length: number, position: number, signal?: AbortSignal): Promise<Uint8Array>
  /** The whole content in order, in pieces of at most about 1 MiB that the consumer may keep. */
  stream(signal?: AbortSignal): AsyncGenerator<Uint8Array>
  /** The file named `<this><suffix>` beside this one; undefined if there is none. */
  beside(suffix: string, signal?: AbortSignal): Promise<ByteSource | undefined>
  /** The name of that file, for messages. */
  besideName(suffix: string): string
  close(): Promise<void>
}

export const PIECE_BYTES = 1 << 20

/** Reads all of a small file (an index) at once. */
export async function readAll(source: ByteSource, signal?: AbortSignal): Promise<Uint8Array> {
  if (source.byteCount !== undefined) return source.read(source.byteCount, 0, signal)
  const pieces: Uint8Array[] = []
  for await (const piece of source.stream(signal)) pieces.push(piece)
  return concatBytes(pieces)
}

export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let end = 0
  for (const piece of pieces) {
    out.set(piece, end)
    end += piece.length
  }
  return out
}

/** A Blob or File (browser, or Node's `Blob`). An index beside it cannot be found: it is built in memory. */
export function blobSource(blob: Blob): ByteSource {
  const name = 'name' in blob && typeof blob.name === 'string' ? blob.name : 'blob'
  const read = async (length: number, position: number): Promise<Uint8Array> =>
    new Uint8Array(await blob.slice(position, position + length).arrayBuffer())
  return {
    name,
    byteCount: blob.size,
    modifiedSeconds: undefined,
    access: 'cheap',
    read,
    async *stream(signal) {
      for (let position = 0; position < blob.size; position += PIECE_BYTES) {
        signal?.throwIfAborted()
        yield await read(PIECE_BYTES, position)
      }
    },
    beside: async () => undefined,
    besideName: (suffix) => name + suffix,
    close: async () => {},
  }
}
