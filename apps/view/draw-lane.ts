import type { Colours } from './colours.ts'
import type { Lane, LaneBins } from './source.ts'
import { line, px, type Scale, showValue, text } from './svg.ts'

export const laneHeight = 84
const top = 18
const bottom = 76

/** Values as bars from zero: of each bin the largest and, below zero, the least, so that no peak is lost. */
export function drawLane(
  lane: Lane,
  bins: LaneBins,
  scale: Scale,
  y: number,
  colour: string,
  colours: Colours,
  namesFile: boolean,
): string {
  const { low, high } = limits(lane)
  const yOf = (value: number): number => y + bottom - ((value - low) / (high - low)) * (bottom - top)
  const zero = yOf(Math.min(high, Math.max(low, 0)))
  const width = scale.width / bins.largest.length
  let path = ''
  for (const [i, largest] of bins.largest.entries()) {
    const least = bins.least[i]
    if (largest === null || least === null) continue
    const [from, to] = [yOf(Math.max(largest, 0)), yOf(Math.min(least, 0))]
    path += `M${px(i * width)} ${px(Math.min(from, zero))}h${px(width)}V${px(Math.max(to, zero))}h${px(-width)}z`
  }
  const label = namesFile ? `${lane.track} · ${lane.file}` : lane.track
  return (
    line(0, yOf(low), scale.width, yOf(low), colours.rule) +
    line(0, yOf(high), scale.width, yOf(high), colours.rule) +
    `<path d="${path}" fill="${colour}" stroke="${colour}" stroke-width="0.6"/>` +
    text(6, y + 12, label, { fill: colours.ink, weight: 'bold' }) +
    text(scale.width - 4, y + 12, `${showValue(low)} to ${showValue(high)}`, { fill: colours.faint, anchor: 'end' })
  )
}

/** The lane's axis: 0 to 1 for probabilities, else what the values need, zero included. */
function limits({ least, largest }: Lane): { low: number; high: number } {
  if (least >= 0 && largest <= 1) return { low: 0, high: 1 }
  const [low, high] = [Math.min(0, least), Math.max(0, largest)]
  return { low, high: high > low ? high : low + 1 }
}
