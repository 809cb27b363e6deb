import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
}

export interface StaticServer {
  /** Address of the folder, with a slash at its end. */
  readonly url: string
  /** Paths asked for, from the root. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/**
 * A plain file server on loopback, as people's static hosts are: files under `/some/path/`, ranges, no special headers unless
 * `isolated`, which sends those that let a page share memory.
 *
 * @param find gives a file's bytes or its path on the disk by its name in the folder; undefined where there is none
 */
export async function serveStatic(
  find: (name: string) => Uint8Array | string | undefined,
  { isolated = false }: { readonly isolated?: boolean } = {},
): Promise<StaticServer> {
  const prefix = '/some/path/'
  const asked: string[] = []
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://loopback')
    asked.push(pathname)
    const name = pathname.startsWith(prefix) ? pathname.slice(prefix.length) || 'index.html' : undefined
    const found = name === undefined ? undefined : find(name)
    if (found === undefined) {
      response.writeHead(404).end()
      return
    }
    const bytes = typeof found === 'string' ? readFileSync(found) : found
    const headers: Record<string, string> = { 'Content-Type': types[extname(name!)] ?? 'application/octet-stream' }
    if (isolated) {
      headers['Cross-Origin-Opener-Policy'] = 'same-origin'
      headers['Cross-Origin-Embedder-Policy'] = 'require-corp'
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    if (!range) {
      response.writeHead(200, headers).end(bytes)
      return
    }
    const start = Number(range[1])
    const end = Math.min(bytes.length, range[2] === '' ? bytes.length : Number(range[2]) + 1)
    headers['Content-Range'] = `bytes ${start}-${end - 1}/${bytes.length}`
    response.writeHead(206, headers).end(bytes.subarray(start, end))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
