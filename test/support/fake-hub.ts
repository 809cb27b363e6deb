import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A file of a repository, and how the hub spoils it on the way. */
export interface HubFile {
  readonly content: Uint8Array
  /** Large files are kept by their SHA-256, as Git LFS does. */
  readonly isLarge?: boolean
  /** What is sent instead of `content`, which the hub still lists. */
  readonly sent?: Uint8Array
  /** The connection ends after this many bytes. */
  readonly cutAfter?: number
  /** The body never ends: it stalls after this many bytes. */
  readonly stallAfter?: number
}

export interface FakeHub {
  readonly url: string
  /** `METHOD path` of every request, with the token that came with it. */
  readonly requests: { readonly line: string; readonly token: string | undefined }[]
  readonly repos: Map<
    string,
    { commit: string; files: Record<string, HubFile>; token?: string; status?: number; errorCode?: string }
  >
  close(): Promise<void>
}

export const commitOf = (text: string): string => createHash('sha1').update(text).digest('hex')
const gitHash = (content: Uint8Array): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
export const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** Serves the part of the Hugging Face API that downloads use, on loopback. Large files are served by a second address, as a CDN. */
export async function startFakeHub(): Promise<FakeHub> {
  const requests: FakeHub['requests'] = []
  const repos: FakeHub['repos'] = new Map()
  const listen = async (handler: (request: IncomingMessage, response: ServerResponse) => void) => {
    const server = createServer((request, response) => {
      requests.push({
        line: `${request.method} ${request.headers.host} ${request.url}`,
        token: request.headers.authorization,
      })
      handler(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
  }
  const json = (response: ServerResponse, value: unknown, status = 200, headers = {}): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
  }
  const fileOf = (path: string): HubFile | undefined => {
    const [, owner, name, , , ...rest] = decodeURIComponent(path).split('/')
    return repos.get(`${owner}/${name}`)?.files[rest.join('/')]
  }
  const cdn = await listen((request, response) =>
    sendFile(request, response, fileOf(new URL(request.url!, 'http://x').pathname)!),
  )
  const hub = await listen((request, response) => {
    const { pathname } = new URL(request.url!, 'http://x')
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/.exec(pathname)
    const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname)
    const repo = repos.get((api ?? file)?.[1] ?? '')
    if (!repo) return json(response, { error: 'Repository not found' }, 404, { 'x-error-code': 'RepoNotFound' })
    if (repo.status)
      return json(response, { error: 'Access to this model is restricted' }, repo.status, {
        'x-error-code': repo.errorCode ?? 'GatedRepo',
      })
    if (repo.token && request.headers.authorization !== `Bearer ${repo.token}`)
      return json(response, { error: 'Invalid username or password.' }, 401)
    if (![repo.commit, 'main'].includes((api?.[3] ?? file?.[2])!))
      return json(response, { error: 'Invalid rev id' }, 404, { 'x-error-code': 'RevisionNotFound' })
    if (api?.[2] === 'revision')
      return json(response, {
        _id: '1',
        id: api[1],
        sha: repo.commit,
        private: false,
        gated: false,
        likes: 0,
        downloads: 0,
        lastModified: '2026-01-01T00:00:00.000Z',
      })
    if (api) {
      return json(
        response,
        Object.entries(repo.files).map(([path, { content, isLarge }]) => ({
          type: 'file',
          path,
          size: content.length,
          oid: isLarge ? commitOf(path) : gitHash(content),
          ...(isLarge ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } } : {}),
        })),
      )
    }
    const entry = repo.files[file![3]]
    if (!entry) return json(response, { error: 'Entry not found' }, 404, { 'x-error-code': 'EntryNotFound' })
    const etag = `"${entry.isLarge ? sha256(entry.content) : gitHash(entry.content)}"`
    if (entry.isLarge) {
      response
        .writeHead(302, {
          location: cdn.url + pathname,
          'x-linked-etag': etag,
          'x-linked-size': entry.content.length,
          'x-repo-commit': repo.commit,
        })
        .end()
    } else sendFile(request, response, entry, etag)
  })
  return {
    url: hub.url,
    requests,
    repos,
    async close() {
      for (const { server } of [hub, cdn]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { content, sent = content, cutAfter, stallAfter }: HubFile,
  etag = '"x"',
): void {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  if (range) {
    const part = content.subarray(Number(range[1]), Number(range[2]) + 1)
    response
      .writeHead(206, {
        etag,
        'content-length': part.length,
        'content-range': `bytes ${range[1]}-${range[2]}/${content.length}`,
      })
      .end(part)
    return
  }
  response.writeHead(200, { etag, 'content-length': sent.length })
  if (cutAfter !== undefined) response.write(sent.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 20))
  else if (stallAfter !== undefined) response.write(sent.subarray(0, stallAfter))
  else response.end(sent)
}
