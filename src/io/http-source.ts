import { FormatError } from '../errors.ts'
import { type ByteSource, PIECE_BYTES } from './byte-source.ts'

/** Tries of one request before a connection that breaks or a server that is busy (5xx, 429) is an error. */
const TRIES = 3
const RETRY_MS = 200

/**
 * Opens a URL for reading by ranges. The first request learns the size; a server that ignores `Range` or does not tell the
 * size is refused. FormatError on any status but 206, on a body of the wrong length, on a file that changes while it is read.
 */
export async function openHttp(url: string, signal?: AbortSignal): Promise<ByteSource> {
  const probe = await request(url, 0, 1, signal)
  await probe.body.cancel()
  const { byteCount, version } = probe
  const read = (length: number, position: number, signal?: AbortSignal): Promise<Uint8Array> =>
    retrying(url, signal, async () => {
      const wanted = Math.max(0, Math.min(length, byteCount - position))
      const bytes = new Uint8Array(wanted)
      if (wanted === 0) return bytes
      let filled = 0
      for await (const piece of rangePieces(url, position, wanted, version, signal)) {
        bytes.set(piece, filled)
        filled += piece.length
      }
      return bytes
    })
  return {
    name: url,
    byteCount,
    modifiedSeconds: undefined,
    access: 'dear',
    read,
    async *stream(signal) {
      for (let position = 0; position < byteCount; position += PIECE_BYTES) yield await read(PIECE_BYTES, position, signal)
    },
    async beside(suffix, signal) {
      try {
        return await openHttp(besideUrl(url, suffix), signal)
      } catch (error) {
        if (error instanceof MissingFile) return undefined
        throw error
      }
    },
    close: async () => {},
  }
}

/** `<path><suffix>`, a query (a signature, a token) kept. */
function besideUrl(url: string, suffix: string): string {
  const parsed = new URL(url)
  parsed.pathname += suffix
  return parsed.href
}

class MissingFile extends FormatError {}
/** A failure that may go away: tried again, and reported as what it was in the end. */
class Transient extends FormatError {}

interface RangeAnswer {
  readonly body: ReadableStream<Uint8Array>
  readonly byteCount: number
  /** ETag or Last-Modified, to see that all ranges are of one file. */
  readonly version: string
}

async function retrying<T>(url: string, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (cause) {
      signal?.throwIfAborted()
      const isTransient = cause instanceof Transient || !(cause instanceof FormatError)
      if (isTransient && tries < TRIES) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * tries))
        continue
      }
      if (cause instanceof FormatError) throw cause
      const reason = cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause)
      throw new FormatError({ where: url, what: `cannot be fetched (${reason})`, cause })
    }
  }
}

function request(url: string, position: number, length: number, signal?: AbortSignal): Promise<RangeAnswer> {
  return retrying(url, signal, () => requestOnce(url, position, length, signal))
}

async function requestOnce(url: string, position: number, length: number, signal?: AbortSignal): Promise<RangeAnswer> {
  const range = `bytes=${position}-${position + length - 1}`
  // No packing on the way: ranges must be of the stored bytes.
  const response = await fetch(url, { headers: { range, 'accept-encoding': 'identity' }, signal })
  const { status } = response
  const refuse = async (what: string, expected: string, got: string, remedy?: string, kind = FormatError): Promise<never> => {
    await response.body?.cancel()
    throw new kind({ where: url, what, expected, got, remedy })
  }
  if (status === 416 && position === 0) return refuse('the file is empty', 'FASTA records', 'no bytes')
  if (status === 404 || status === 410) return refuse('no such file on the server', 'status 206', `${status}`, undefined, MissingFile)
  if (status >= 500 || status === 429) return refuse('the server failed', 'status 206', `${status}`, 'try again later', Transient)
  if (status === 200) return refuse('the server ignores ranges', 'status 206', '200', 'download the file, or use a server that knows Range')
  if (status !== 206) return refuse('the server refused', 'status 206', `${status}`)
  const contentRange = response.headers.get('content-range') ?? ''
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange)
  if (!match || Number(match[1]) !== position || !Number.isSafeInteger(Number(match[3])) || !response.body) {
    return refuse('the server answers ranges wrongly', `Content-Range: bytes ${position}-.../<size>`, contentRange || 'none')
  }
  const version = response.headers.get('etag') ?? response.headers.get('last-modified') ?? ''
  return { body: response.body, byteCount: Number(match[3]), version: `${match[3]} ${version}` }
}

/** The body of one range; Transient if it is cut short. */
async function* rangePieces(url: string, position: number, length: number, version: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const answer = await requestOnce(url, position, length, signal)
  if (answer.version !== version) {
    await answer.body.cancel()
    throw new FormatError({ where: url, what: 'the file changed while it was read', expected: version.trim(), got: answer.version.trim() })
  }
  const reader = answer.body.getReader()
  let received = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      received += value.length
      if (received > length) break
      yield value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
  if (received !== length) {
    throw new Transient({ where: url, what: `range at byte ${position} has a wrong length`, expected: `${length} bytes`, got: `${received}` })
  }
}
