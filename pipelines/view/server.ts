import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pageHtml, pageScript, pageStyle } from '../../apps/view/generated/page.ts'
import type { Span, ViewSource } from '../../apps/view/source.ts'
import { ConfigError, GenoconvError } from '../../src/errors.ts'
import { allowedPath, newToken, safeHeaders } from './guard.ts'

export interface ViewServer {
  /** Where the page is; without the random part in it nothing is served. */
  readonly address: string
  close(): Promise<void>
}

/** What is served beside the page's own data, by its path after the token. */
const files: Readonly<Record<string, readonly [type: string, content: string]>> = {
  '': [
    'text/html; charset=utf-8',
    pageHtml
      .replace('<!--style-->', '<link rel="stylesheet" href="page.css">')
      .replace('<!--script-->', '<script src="page.js"></script>'),
  ],
  'page.css': ['text/css; charset=utf-8', pageStyle],
  'page.js': ['text/javascript; charset=utf-8', pageScript],
}

/**
 * Serves a source to this machine alone, on 127.0.0.1.
 *
 * @param port 0: any that is free
 * @throws ConfigError where the port is taken or may not be used
 */
export async function serveView(source: ViewSource, port: number): Promise<ViewServer> {
  const token = newToken()
  let used = port
  const server = createServer((request, response) => {
    void answer(request, response, source, allowedPath(request, token, used)).catch(() => response.destroy())
  })
  await listen(server, port)
  used = (server.address() as AddressInfo).port
  return {
    address: `http://127.0.0.1:${used}/${token}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const what = cause.code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${cause.code})`
      reject(
        new ConfigError({
          option: `port: ${port}`,
          what,
          remedy: 'give another `port`, or none for one that is free',
          cause,
        }),
      )
    })
    server.listen(port, '127.0.0.1', resolve)
  })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  source: ViewSource,
  path: string | undefined,
): Promise<void> {
  const send = (status: number, type: string, content: string): void => {
    response.writeHead(status, { ...safeHeaders, 'Content-Type': type })
    response.end(request.method === 'HEAD' ? undefined : content)
  }
  const sendJson = (status: number, value: unknown): void =>
    send(status, 'application/json; charset=utf-8', JSON.stringify(value))
  if (request.method !== 'GET' && request.method !== 'HEAD') return sendJson(405, { error: 'only GET is answered' })
  if (path === undefined) return sendJson(403, { error: 'not allowed' })
  const file = Object.hasOwn(files, path) ? files[path] : undefined
  if (file) return send(200, ...file)
  const call = /^api\/(\w+)$/.exec(path)?.[1]
  const values = new URL(request.url!, 'http://127.0.0.1').searchParams
  try {
    const result = call && (await callSource(source, call, values))
    if (result === undefined || result === '') return sendJson(404, { error: 'there is nothing of this name' })
    sendJson(200, result)
  } catch (error) {
    if (!(error instanceof GenoconvError)) throw error
    sendJson(error.tag === 'region' ? 400 : 500, { error: error.message })
  }
}

function callSource(source: ViewSource, name: string, values: URLSearchParams): Promise<unknown> | undefined {
  const number = (key: string): number => Number(values.get(key) ?? Number.NaN)
  const span = (): Span => ({ contig: values.get('contig') ?? '', start: number('start'), end: number('end') })
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    info: () => source.info(),
    show: () => source.show(span(), number('bins')),
    peaks: () => source.peaks(span()),
    sites: () => source.sites(),
    find: () => source.find(values.get('text') ?? '', values.get('contig') ?? ''),
  }
  return Object.hasOwn(calls, name) ? calls[name]() : undefined
}
