import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How a file is spoilt on the way. */
export interface GithubFault {
  /** Sent instead of the content. */
  readonly sent?: Uint8Array
  /** The connection ends after this many bytes of the file. */
  readonly cutAfter?: number
  readonly status?: number
}

export interface FakeGithub {
  readonly url: string
  /** By `owner/name/path`. */
  readonly files: Map<string, Uint8Array>
  readonly faults: Map<string, GithubFault>
  /** Path and range of every request for content. */
  readonly requests: { readonly path: string; readonly range: string | undefined }[]
  close(): Promise<void>
}

/** Serves raw files of repositories on loopback: a redirect first, then the content, ranges too. */
export async function startFakeGithub(): Promise<FakeGithub> {
  const files: FakeGithub['files'] = new Map()
  const faults: FakeGithub['faults'] = new Map()
  const requests: FakeGithub['requests'] = []
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = decodeURIComponent(request.url ?? '')
    if (!path.startsWith('/content/')) {
      response.writeHead(302, { location: `/content${path.replace('/HEAD/', '/')}` }).end()
      return
    }
    const name = path.slice('/content/'.length)
    const { range } = request.headers
    requests.push({ path: name, range })
    const { sent = files.get(name), cutAfter, status } = faults.get(name) ?? {}
    if (!sent || status !== undefined) {
      response.writeHead(status ?? 404).end()
      return
    }
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const part = sent.subarray(from)
    const head = from > 0 ? { 'content-range': `bytes ${from}-${sent.length - 1}/${sent.length}` } : {}
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': part.length, ...head })
    if (cutAfter === undefined) response.end(part)
    else response.write(part.subarray(0, Math.max(0, cutAfter - from)), () => setTimeout(() => response.destroy(), 20))
  }
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files,
    faults,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
