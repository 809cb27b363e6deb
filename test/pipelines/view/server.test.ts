import { request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningView, viewPredictions, writeArrow } from '../../../src/index.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'
import { makeBatches } from '../../support/prediction-batches.ts'

const folder = temporaryFolder()
let running: RunningView
beforeAll(async () => {
  const path = join(folder.path, 'out.arrow')
  const batches = async function* () {
    yield* makeBatches([['one', 0, 1000]])
  }
  await writeArrow(batches(), path)
  running = await viewPredictions({ predictions: [path] })
})
afterAll(() => running.close())

interface Asked {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A request as it is, without the tidying that `fetch` does. */
function ask({
  path,
  method = 'GET',
  headers = {},
}: Asked = {}): Promise<{ status: number; text: string; headers: object }> {
  const { port, pathname, host } = new URL(running.address)
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, method, path: path ?? pathname, headers: { host, ...headers } },
      (response) => {
        let text = ''
        response.on('data', (data) => {
          text += data
        })
        response.on('end', () => resolve({ status: response.statusCode!, text, headers: response.headers }))
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

const inside = (path: string): string => new URL(running.address).pathname + path

describe('who is answered', () => {
  it('the page, and what it asks for; nothing of it may be kept, framed or loaded elsewhere', async () => {
    const page = await ask()
    expect([page.status, page.text.startsWith('<!doctype html>')]).toEqual([200, true])
    expect(page.headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    const { origin } = new URL(running.address)
    const asked = await ask({ path: inside('api/info'), headers: { origin, 'sec-fetch-site': 'same-origin' } })
    expect([asked.status, JSON.parse(asked.text).title]).toEqual([200, 'out.arrow'])
    expect((await ask({ method: 'HEAD' })).text).toBe('')
  })

  const token = (): string => new URL(running.address).pathname.slice(1, -1)
  it.each<[string, () => Asked]>([
    ['no token', () => ({ path: '/' })],
    ['another token', () => ({ path: `/${'A'.repeat(token().length)}/` })],
    ['a longer token', () => ({ path: `/${token()}A/` })],
    ['a part of the token', () => ({ path: `/${token().slice(0, -1)}/api/info` })],
    ['the token elsewhere', () => ({ path: `/api/info?token=${token()}` })],
    ['another host', () => ({ headers: { host: 'example.org' } })],
    ['a host that leads here', () => ({ headers: { host: `evil.example:${new URL(running.address).port}` } })],
    ['another port as host', () => ({ headers: { host: '127.0.0.1:1' } })],
    ['another origin', () => ({ path: inside('api/info'), headers: { origin: 'https://example.org' } })],
    ['a page on another port', () => ({ path: inside('api/info'), headers: { origin: 'http://127.0.0.1:1' } })],
    ['an origin without a name', () => ({ path: inside('api/info'), headers: { origin: 'null' } })],
    [
      'a script element of another page',
      () => ({ path: inside('page.js'), headers: { 'sec-fetch-site': 'cross-site' } }),
    ],
    [
      'a page of another port, without an origin',
      () => ({ path: inside('api/sites'), headers: { 'sec-fetch-site': 'same-site' } }),
    ],
  ])('not: %s', async (_, asked) => {
    const { status, text } = await ask(asked())
    expect([status, text]).toEqual([403, '{"error":"not allowed"}'])
  })

  it.each([
    '../../../etc/passwd',
    '..%2f..%2f..%2fetc%2fpasswd',
    'page.js/../../../../etc/passwd',
    '/etc/passwd',
    'out.arrow',
    'api/constructor',
    'api/close',
    '__proto__',
    'constructor',
  ])('there is no %s', async (path) => {
    const { status, text } = await ask({ path: inside(path) })
    expect([status, text]).toEqual([404, '{"error":"there is nothing of this name"}'])
  })

  it('only to be read', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await ask({ method })).status).toBe(405)
  })

  it('questions that cannot be: an error that says why', async () => {
    for (const [query, message] of [
      ['show?contig=one&start=-1&end=10&bins=5', 'outside one'],
      ['show?contig=one&start=0&end=1001&bins=5', 'outside one'],
      ['show?contig=one&start=a&end=10&bins=5', 'outside one'],
      ['show?contig=none&start=0&end=10&bins=5', 'no such contig'],
      ['peaks?contig=one', 'outside one'],
      ['find?text=nowhere&contig=one', 'not found'],
      ['find?text=5,000&contig=one', 'outside one'],
    ]) {
      const { status, text } = await ask({ path: inside(`api/${query}`) })
      expect([query, status]).toEqual([query, 400])
      expect(JSON.parse(text).error).toContain(message)
    }
  })

  it('is heard on the loopback address alone', async () => {
    const port = Number(new URL(running.address).port)
    // The port is free on every other address of this machine.
    const other = createServer()
    await new Promise<void>((resolve, reject) => {
      other.once('error', reject)
      other.listen(port, '127.0.0.2', resolve)
    })
    other.close()
  })

  it('a port that is taken', async () => {
    const port = Number(new URL(running.address).port)
    const again = viewPredictions({ predictions: [join(folder.path, 'out.arrow')] }, { port })
    await expect(again).rejects.toThrow(/`port: \d+`: is taken; give another `port`/)
  })
})
