import type { Colours } from './colours.ts'
import type { Gene, Shown } from './source.ts'
import { count, line, px, rect, type Scale, text, textWidth } from './svg.ts'

export interface Drawn {
  readonly svg: string
  readonly height: number
}

const nothing: Drawn = { svg: '', height: 0 }

/** Round positions, 1-based, about each 120 pixels. */
export function drawRuler({ span, width, x }: Scale, y: number, colours: Colours): string {
  const bases = span.end - span.start
  const rough = (bases / width) * 120
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)))
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10)
  let svg = line(0, y + 26, width, y + 26, colours.rule)
  for (let position = Math.ceil((span.start + 1) / step) * step; position <= span.end; position += step) {
    const at = x(position - 0.5)
    svg += line(at, y + 20, at, y + 26, colours.faint)
    const label = count(position)
    const half = textWidth(label) / 2
    if (at > half && at < width - half) svg += text(at, y + 15, label, { fill: colours.faint, anchor: 'middle' })
  }
  return svg
}

/** Letters, where each has room. */
export function drawSequence({ bases, span }: Shown, { x, width }: Scale, y: number, colours: Colours): Drawn {
  const each = width / (span.end - span.start)
  if (!bases || each < 7) return nothing
  const fills: Record<string, string> = { A: colours.tracks[2], C: colours.tracks[0], G: colours.tracks[1] }
  const letters = [...bases].map((letter, i) =>
    text(x(span.start + i + 0.5), y + 13, letter, {
      fill: letter === 'T' ? colours.tracks[3] : (fills[letter.toUpperCase()] ?? colours.faint),
      anchor: 'middle',
    }),
  )
  return { svg: letters.join(''), height: 20 }
}

/** A lollipop a variant: as high as its largest change is, an outline where it was not scored. */
export function drawVariants({ variants }: Shown, { x, width }: Scale, y: number, colours: Colours): Drawn {
  if (variants.length === 0) return nothing
  const ground = y + 62
  let labelsEnd = 0
  const most = Math.max(1, ...variants.map(({ score = 0 }) => Math.abs(score)))
  let svg =
    text(6, y + 12, 'variants', { fill: colours.ink, weight: 'bold' }) + line(0, ground, width, ground, colours.rule)
  for (const { position, score, effect = '', name } of variants) {
    const at = x(position + 0.5)
    const head = ground - 6 - (Math.abs(score ?? 0) / most) * 34
    const colour = score === undefined ? colours.faint : /loss/.test(effect) || score < 0 ? colours.loss : colours.gain
    svg += line(at, ground, at, head, colour)
    svg += `<circle cx="${px(at)}" cy="${px(head)}" r="4" fill="${score === undefined ? 'none' : colour}" stroke="${colour}"/>`
    const label = name.slice(name.indexOf(' ') + 1)
    if (at < labelsEnd || at + 8 + textWidth(label, 10) > width) continue
    svg += text(at + 7, head + 4, label, { fill: colours.ink, size: 10 })
    labelsEnd = at + 12 + textWidth(label, 10)
  }
  return { svg, height: 72 }
}

const rowHeight = 24
const mostRows = 8

/** Genes in as few rows as they need: introns as lines, exons as boxes, the strand as an arrow before the name. */
export function drawGenes({ genes }: Shown, scale: Scale, y: number, colours: Colours): Drawn {
  if (genes.length === 0) return nothing
  const ends: number[] = []
  let svg = ''
  for (const gene of [...genes].sort((a, b) => a.start - b.start)) {
    const [from, to] = [Math.max(0, scale.x(gene.start)), Math.min(scale.width, scale.x(gene.end))]
    const label = gene.strand === '+' ? `${gene.name} →` : `← ${gene.name}`
    const hasLabel = to - from > 4 || genes.length < 40
    let row = ends.findIndex((end) => end < from)
    if (row < 0) row = Math.min(ends.length, mostRows - 1)
    ends[row] = Math.max(to, hasLabel ? from + textWidth(label) : to) + 6
    svg += drawGene(gene, label, hasLabel && row < mostRows - 1, scale, y + 4 + row * rowHeight, colours)
  }
  return { svg, height: ends.length * rowHeight + 10 }
}

function drawGene(gene: Gene, label: string, hasLabel: boolean, scale: Scale, y: number, colours: Colours): string {
  const clip = (position: number): number => Math.min(scale.width, Math.max(0, scale.x(position)))
  let svg = line(clip(gene.start), y + 17, clip(gene.end), y + 17, colours.faint)
  for (const [i, start] of gene.exonStarts.entries()) {
    const [from, to] = [clip(start), clip(gene.exonEnds[i])]
    if (to > 0 && from < scale.width) svg += rect(from, y + 13, Math.max(1, to - from), 8, colours.ink)
  }
  const at = Math.max(2, Math.min(clip(gene.start), scale.width - textWidth(label)))
  return hasLabel ? svg + text(at, y + 10, label, { fill: colours.ink, size: 10 }) : svg
}
