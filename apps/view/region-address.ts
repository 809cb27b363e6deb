import type { Span } from './source.ts'
import { showSpan } from './svg.ts'

/** What the page's address asks for after its `#`: a region, a position or a gene. */
export function askedRegion(): string | undefined {
  const text = location.hash.slice(1)
  try {
    return text === '' ? undefined : decodeURIComponent(text)
  } catch {
    return text // not encoded: as it was typed
  }
}

/** Makes the address that of what is shown, so that a reload shows the same, and a bookmark does. */
export function keepRegion(span: Span): void {
  history.replaceState(null, '', regionHash(span))
}

const regionHash = (span: Span): string =>
  `#${encodeURIComponent(showSpan(span)).replaceAll('%3A', ':').replaceAll('%2C', ',')}`
