import { FormatError, type Problem } from '../../errors.ts'
import { type ByteSource, PIECE_BYTES } from './byte-source.ts'
import { fetchWeb, shownUrl } from './web-url.ts'

/** Tries of one request before a connection that breaks or a server that is busy (5xx, 429) is an error. */
const TRIES = 3
const RETRY_MS = 200

/**
 * Opens a URL for reading by ranges. The first request learns the size; a server that ignores `Range` or does not tell the
 * size is refused. FormatError on any status but 206, on a body of the wrong length, on a file that changes while it is read.
 */
export async function openHttp(url: string, signal?: AbortSignal): Promise<ByteSource> {
  return asFormatError(async () => httpSource(url, await probe(url, signal)))
}

async function asFormatError<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw error instanceof RequestFailure ? new FormatError(error.problem) : error
  }
}

/**
 * What the server says of a file: its size, and its ETag or Last-Modified, empty where it has neither. Asked as files are
 * read, by a range: addresses that were signed for reading refuse everything else.
 *
 * @throws FormatError as `openHttp`
 */
export const httpVersion = (url: string, signal?: AbortSignal): Promise<{ byteCount: number; version: string }> =>
  asFormatError(async () => {
    const { byteCount, version } = await probe(url, signal)
    return { byteCount, version }
  })

/** Size and version of the file. */
function probe(url: string, signal?: AbortSignal): Promise<RangeAnswer> {
  return retrying(url, signal, async () => {
    const answer = await request(url, 0, 1, signal)
    await answer.body.cancel()
    return answer
  })
}

function httpSource(url: string, { byteCount, version }: RangeAnswer): ByteSource {
  const readOnce = (length: number, position: number, signal?: AbortSignal): Promise<Uint8Array> =>
    retrying(url, signal, async () => {
      const wanted = Math.max(0, Math.min(length, byteCount - position))
      const bytes = new Uint8Array(wanted)
      if (wanted === 0) return bytes
      let filled = 0
      for await (const piece of rangePieces(url, position, wanted, { byteCount, version }, signal)) {
        bytes.set(piece, filled)
        filled += piece.length
      }
      return bytes
    })
  const read: ByteSource['read'] = (...range) => asFormatError(() => readOnce(...range))
  return {
    name: shownUrl(url),
    byteCount,
    modifiedSeconds: undefined,
    access: 'dear',
    read,
    async *stream(signal) {
      for (let position = 0; position < byteCount; position += PIECE_BYTES)
        yield await read(PIECE_BYTES, position, signal)
    },
    async beside(suffix, signal) {
      const besideUrl = withSuffix(url, suffix)
      const answer = await probe(besideUrl, signal).catch((error: unknown) => {
        if (error instanceof RequestFailure && error.kind === 'missing') return undefined
        throw error instanceof RequestFailure ? new FormatError(error.problem) : error
      })
      return answer && httpSource(besideUrl, answer)
    },
    besideName: (suffix) => shownUrl(withSuffix(url, suffix)),
    close: async () => {},
  }
}

/** `<path><suffix>`, a query (a signature, a token) kept. */
function withSuffix(url: string, suffix: string): string {
  const parsed = new URL(url)
  parsed.pathname += suffix
  return parsed.href
}

/** What the server did wrong. A transient failure may go away: it is tried again, and reported in the end. */
class RequestFailure extends Error {
  readonly problem: Problem
  readonly kind: 'missing' | 'transient' | 'final'
  constructor(kind: RequestFailure['kind'], problem: Problem) {
    super(problem.what)
    this.kind = kind
    this.problem = problem
  }
}

interface RangeAnswer {
  readonly body: ReadableStream<Uint8Array>
  readonly byteCount: number
  /** ETag or Last-Modified, empty where there is neither: to see that all ranges are of one file. */
  readonly version: string
}

/** Tries again what may go away. Rejects with a RequestFailure of another kind, or with the abort. */
async function retrying<T>(url: string, signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (cause) {
      signal?.throwIfAborted()
      const isFinal = cause instanceof RequestFailure && cause.kind !== 'transient'
      if (!isFinal && tries < TRIES) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * tries))
        continue
      }
      if (cause instanceof RequestFailure) throw cause
      const reason =
        cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause)
      throw new RequestFailure('final', { where: shownUrl(url), what: `cannot be fetched (${reason})`, cause })
    }
  }
}

async function request(url: string, position: number, length: number, signal?: AbortSignal): Promise<RangeAnswer> {
  const range = `bytes=${position}-${position + length - 1}`
  // No packing on the way: ranges must be of the stored bytes.
  const response = await fetchWeb(url, { headers: { range, 'accept-encoding': 'identity' }, signal })
  const { status } = response
  type Kind = RequestFailure['kind']
  const refuse = async (
    what: string,
    expected: string,
    got: string,
    remedy?: string,
    kind: Kind = 'final',
  ): Promise<never> => {
    await response.body?.cancel()
    throw new RequestFailure(kind, { where: shownUrl(url), what, expected, got, remedy })
  }
  if (status === 416 && position === 0) return refuse('the file is empty', 'FASTA records', 'no bytes')
  if (status === 404 || status === 410)
    return refuse('no such file on the server', 'status 206', `${status}`, undefined, 'missing')
  if (status >= 500 || status === 429)
    return refuse('the server failed', 'status 206', `${status}`, 'try again later', 'transient')
  if (status === 200)
    return refuse(
      'the server ignores ranges',
      'status 206',
      '200',
      'download the file, or use a server that knows Range',
    )
  if (status !== 206) return refuse('the server refused', 'status 206', `${status}`)
  const contentRange = response.headers.get('content-range') ?? ''
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange)
  if (!match || Number(match[1]) !== position || !Number.isSafeInteger(Number(match[3])) || !response.body) {
    return refuse(
      'the server answers ranges wrongly',
      `Content-Range: bytes ${position}-.../<size>`,
      contentRange || 'none',
    )
  }
  const version = response.headers.get('etag') ?? response.headers.get('last-modified') ?? ''
  return { body: response.body, byteCount: Number(match[3]), version }
}

/** The body of one range; a transient failure if it is cut short. */
async function* rangePieces(
  url: string,
  position: number,
  length: number,
  expected: Omit<RangeAnswer, 'body'>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const answer = await request(url, position, length, signal)
  if (answer.version !== expected.version || answer.byteCount !== expected.byteCount) {
    await answer.body.cancel()
    throw new RequestFailure('final', {
      where: shownUrl(url),
      what: 'the file changed while it was read',
      expected: `${expected.byteCount} bytes ${expected.version}`.trim(),
      got: `${answer.byteCount} bytes ${answer.version}`.trim(),
    })
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
    const what = `range at byte ${position} has a wrong length`
    throw new RequestFailure('transient', {
      where: shownUrl(url),
      what,
      expected: `${length} bytes`,
      got: `${received}`,
    })
  }
}
