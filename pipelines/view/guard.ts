import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** What goes with every answer: nothing is loaded from elsewhere, kept, or shown inside another page. */
export const safeHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
}

export const newToken = (): string => randomBytes(24).toString('base64url')

/** The path of a request that may be answered, without the token; undefined for every other. */
export function allowedPath(request: IncomingMessage, token: string, port: number): string | undefined {
  const { host = '', origin, 'sec-fetch-site': site } = request.headers
  // Another name for this machine could be one that somebody else's page resolves to it.
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (!hosts.includes(host.toLowerCase())) return undefined
  if (origin !== undefined && origin !== `http://${host.toLowerCase()}`) return undefined
  const [path] = (request.url ?? '').split('?')
  const [, given = '', ...rest] = path.split('/')
  if (!isSame(given, token)) return undefined
  const inside = rest.join('/')
  // The page itself may be opened from anywhere that knows its address; all else only by the page.
  if (inside !== '' && site !== undefined && site !== 'same-origin' && site !== 'none') return undefined
  return path === `/${token}` ? undefined : inside
}

function isSame(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b)
}
