import type { Colours } from './colours.ts'
import type { Gene, Shown, ShownVariant } from './source.ts'
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
export function drawVariants({ variants }: Shown, scale: Scale, y: number, colours: Colours): Drawn {
  if (variants.length === 0) return nothing
  const ground = y + 62
  const most = Math.max(1, ...variants.map(({ score = 0 }) => Math.abs(score)))
  const sticks = variants.map((variant): Stick => {
    const { position, score = 0 } = variant
    return { variant, x: scale.x(position + 0.5), y: ground - 6 - (Math.abs(score) / most) * 34 }
  })
  let svg = drawVariantsHead(variants, y + 12, colours) + line(0, ground, scale.width, ground, colours.rule)
  for (const { variant, x, y: head } of sticks) {
    const colour = variantColour(variant, colours)
    const fill = variant.score === undefined ? 'none' : colour
    svg += line(x, ground, x, head, colour)
    svg += `<circle cx="${px(x)}" cy="${px(head)}" r="4" fill="${fill}" stroke="${colour}"/>`
  }
  for (const { x, y: base, label } of placeLabels(sticks, scale.width))
    svg += text(x, base, label, { fill: colours.ink, size: labelSize })
  return { svg, height: 72 }
}

const variantColour = ({ score, effect = '' }: ShownVariant, colours: Colours): string =>
  score === undefined ? colours.faint : /loss/.test(effect) || score < 0 ? colours.loss : colours.gain

/** What the colours mean, of those that are shown. */
function drawVariantsHead(variants: readonly ShownVariant[], y: number, colours: Colours): string {
  let svg = text(6, y, 'variants', { fill: colours.ink, weight: 'bold' })
  let x = 12 + textWidth('variants', 12)
  for (const [name, colour, fill] of [
    ['gain', colours.gain, colours.gain],
    ['loss', colours.loss, colours.loss],
    ['not scored', colours.faint, 'none'],
  ]) {
    if (!variants.some((variant) => variantColour(variant, colours) === colour)) continue
    svg += `<path d="M${px(x)} ${px(y - 8)}h8v8h-8z" fill="${fill}" stroke="${colour}"/>`
    svg += text(x + 12, y, name, { fill: colours.faint })
    x += 22 + textWidth(name)
  }
  return svg
}

/** A variant with where its head stands. */
interface Stick {
  readonly variant: ShownVariant
  readonly x: number
  readonly y: number
}

const labelSize = 10
/** More variants than this are too close for words, or too many to look through. */
const mostLabelled = 400

/** Labels of the strongest variants, right or left of their heads, as long as there is room: none covers another, or a stick. */
function placeLabels(sticks: readonly Stick[], width: number): { x: number; y: number; label: string }[] {
  const placed: { x: number; y: number; label: string; end: number }[] = []
  if (sticks.length > mostLabelled) return placed
  const strength = ({ variant }: Stick): number => Math.abs(variant.score ?? 0)
  for (const stick of [...sticks].sort((a, b) => strength(b) - strength(a)))
    for (const label of labelsOf(stick.variant)) {
      const wide = textWidth(label, labelSize)
      const y = stick.y + 4
      const isFree = (x: number): boolean =>
        x >= 2 &&
        x + wide <= width &&
        !sticks.some((other) => other !== stick && other.y < y + 4 && other.x > x - 6 && other.x < x + wide + 6) &&
        !placed.some((other) => Math.abs(other.y - y) < 12 && other.x < x + wide + 4 && x < other.end + 4)
      const x = [stick.x + 8, stick.x - 8 - wide].find(isFree)
      if (x === undefined) continue
      placed.push({ x, y, label, end: x + wide })
      break
    }
  return placed
}

/** The longest first: `C>T donor loss 0.53`, `C>T`. */
function labelsOf({ name, score, effect }: ShownVariant): string[] {
  const alleles = name.slice(name.indexOf(' ') + 1)
  return score === undefined ? [alleles] : [`${alleles} ${effect} ${score.toFixed(2)}`, alleles]
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
