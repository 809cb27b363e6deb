import { type Colours, palette, type Theme } from './colours.ts'
import { drawGenes, drawRuler, drawSequence, drawVariants } from './draw-features.ts'
import { drawLane, laneHeight } from './draw-lane.ts'
import type { Lane, Shown } from './source.ts'
import { text } from './svg.ts'

/** What is drawn beside the data. */
export interface DrawOptions {
  /** In pixels. */
  readonly width: number
  readonly theme: Theme
  /** Above the picture, for a figure. */
  readonly title?: string
  /** Whether the root element says its colours and size, as a file of its own must. */
  readonly isFile?: boolean
}

/** The picture of a span as an SVG document: lanes of values, then genes, variants, sequence and a ruler. Runs anywhere. */
export function drawSvg(lanes: readonly Lane[], shown: Shown, options: DrawOptions): string {
  const { width, title } = options
  const colours = palette[options.theme]
  const scale = { span: shown.span, width, x: (position: number) => xOf(position, shown, width) }
  const parts: string[] = []
  let y = 0
  if (title) {
    parts.push(text(8, 18, title, { fill: colours.ink, size: 14, weight: 'bold' }))
    y += 28
  }
  parts.push(drawRuler(scale, y, colours))
  y += 30
  const severalFiles = new Set(lanes.map(({ file }) => file)).size > 1
  const colourOf = trackColours(lanes, colours)
  for (const [i, lane] of lanes.entries()) {
    parts.push(drawLane(lane, shown.lanes[i], scale, y, colourOf(lane), colours, severalFiles))
    y += laneHeight
  }
  for (const draw of [drawSequence, drawVariants, drawGenes]) {
    const { svg, height } = draw(shown, scale, y, colours)
    parts.push(svg)
    y += height
  }
  const height = y + 4
  const background = options.isFile ? `<rect width="${width}" height="${height}" fill="${colours.paper}"/>` : ''
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="DejaVu Sans, Arial, sans-serif">${background}${parts.join('')}</svg>`
  )
}

const xOf = (position: number, { span }: Shown, width: number): number =>
  ((position - span.start) / (span.end - span.start)) * width

/** One colour a track, whatever the file or strand. */
function trackColours(lanes: readonly Lane[], colours: Colours): (lane: Lane) => string {
  const kind = ({ track }: Lane): string => track.replace(/_(plus|minus)$/, '')
  const kinds = [...new Set(lanes.map(kind))]
  return (lane) => colours.tracks[kinds.indexOf(kind(lane)) % colours.tracks.length]
}
