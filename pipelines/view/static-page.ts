import { createHash } from 'node:crypto'
import { pageHtml, pageStyle, staticScript } from '../../apps/view/generated/page.ts'
import { type HeldRegion, mostBasesShown } from '../../apps/view/memory-source.ts'
import { packRegion } from '../../apps/view/packed-region.ts'
import type { ShownVariant, Site, Span, ViewSource } from '../../apps/view/source.ts'
import { count, showSpan } from '../../apps/view/svg.ts'
import { RegionError } from '../../src/errors.ts'
import { strongestOf } from './scanned-file.ts'

/** Of all tracks together: about 5 bytes of the file each. */
const mostValues = 10_000_000

/** Nothing is loaded from anywhere, and no script runs but the page's own. */
const policy =
  `default-src 'none'; script-src 'sha256-${createHash('sha256').update(staticScript).digest('base64')}'; ` +
  "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

/**
 * One HTML file that holds all of `span` and what shows it.
 *
 * @throws RegionError where that is too much for a page
 */
export async function staticPage(source: ViewSource, span: Span, signal?: AbortSignal): Promise<string> {
  const held = packRegion(await holdRegion(source, span, signal))
  // Functions, as in a text `$&` would stand for what is replaced.
  return pageHtml
    .replace('<meta charset="utf-8">', (charset) =>
      [charset, `<meta http-equiv="Content-Security-Policy" content="${policy}">`].join('\n'),
    )
    .replace('<!--style-->', () => `<style>${pageStyle}</style>`)
    .replace(
      '<!--script-->',
      () => `<script type="application/json" id="held">${held}</script>\n<script>${staticScript}</script>`,
    )
}

/** Reads `span` in pieces in which a bin is a base and letters are told. */
async function holdRegion(source: ViewSource, span: Span, signal?: AbortSignal): Promise<HeldRegion> {
  const { contig, start, end } = span
  const info = await source.info()
  const { lanes } = info
  const most = Math.floor(mostValues / lanes.length)
  if (end - start > most)
    throw new RegionError({
      where: showSpan(span),
      what: 'too much for one page',
      expected: `at most ${count(most)} bases of ${lanes.length} tracks`,
      got: count(end - start),
      remedy: 'give a smaller region',
    })
  const values = lanes.map(() => new Float32Array(end - start))
  const variants: ShownVariant[] = []
  const letters: string[] = []
  for (let at = start; at < end; at += mostBasesShown) {
    signal?.throwIfAborted()
    const piece = { contig, start: at, end: Math.min(end, at + mostBasesShown) }
    const shown = await source.show(piece, piece.end - at)
    for (const [k, { largest }] of shown.lanes.entries())
      for (const [i, value] of largest.entries()) values[k][at - start + i] = value ?? Number.NaN
    variants.push(...shown.variants)
    letters.push(shown.bases ?? '.'.repeat(piece.end - at))
  }
  return {
    info: {
      ...info,
      contigs: info.contigs.filter(({ name }) => name === contig).map((one) => ({ ...one, start, end })),
    },
    span,
    values,
    bases: letters.join(''),
    genes: (await source.show(span, 1)).genes,
    variants,
    sites: lanes
      .flatMap(({ file, track }, k): Site[] => {
        const strongest = strongestOf([track])
        strongest.add({ region: span, tracks: { [track]: values[k] } })
        return (strongest.sites.get(track) ?? []).map((site) => ({ ...site, track, file }))
      })
      .sort((a, b) => Math.abs(b.value) - Math.abs(a.value)),
  }
}
