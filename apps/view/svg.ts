import type { Span } from './source.ts'

/** From positions to pixels. */
export interface Scale {
  readonly span: Span
  readonly width: number
  x(position: number): number
}

/** Text as it may stand in SVG and HTML, whatever is in it. */
const escapeText = (value: string): string =>
  value.replaceAll(
    /[&<>"'\u0000-\u001f]/g,
    (letter) => `&#${letter.charCodeAt(0) < 32 ? 65533 : letter.charCodeAt(0)};`,
  )

/** A coordinate in as few digits as can be seen. */
export const px = (value: number): string => String(Math.round(value * 100) / 100)

export interface TextStyle {
  readonly fill: string
  readonly size?: number
  readonly weight?: string
  readonly anchor?: 'start' | 'middle' | 'end'
}

export const text = (x: number, y: number, value: string, { fill, size = 11, weight, anchor }: TextStyle): string =>
  `<text x="${px(x)}" y="${px(y)}" font-size="${size}" fill="${fill}"${weight ? ` font-weight="${weight}"` : ''}` +
  `${anchor ? ` text-anchor="${anchor}"` : ''}>${escapeText(value)}</text>`

export const line = (x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1): string =>
  `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="${stroke}" stroke-width="${width}"/>`

export const rect = (x: number, y: number, width: number, height: number, fill: string): string =>
  `<rect x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" fill="${fill}"/>`

/** About how wide a text is, in pixels. */
export const textWidth = (value: string, size = 11): number => value.length * size * 0.62

export const count = (value: number): string => Math.round(value).toLocaleString('en-US')

/** `20:14,000,001-14,000,100`: 1-based and inclusive, as samtools and browsers write regions. */
export const showSpan = ({ contig, start, end }: Span): string => `${contig}:${count(start + 1)}-${count(end)}`

/** Values as people read them: four significant digits. */
export const showValue = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(4)))

/** A float32 in the fewest digits that mean it and no other. */
export function exactValue(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(value)
}
