import type { Shown, ShownVariant, Span, ViewInfo, ViewSource } from './source.ts'
import { count, exactValue, showValue } from './svg.ts'

/** How near a variant is pointed at, in pixels. */
const nearPixels = 5

const showVariant = ({ name, score, effect }: ShownVariant): string =>
  score === undefined ? `${name}, not scored` : `${name}, ${effect} ${showValue(score)}`

/** Says the values under the pointer: of one base, or the largest of the bases that one pixel stands for. */
export class HoverLine {
  readonly #line: HTMLElement
  readonly #source: ViewSource
  readonly #info: ViewInfo
  #wanted = 0

  constructor(line: HTMLElement, source: ViewSource, info: ViewInfo) {
    this.#line = line
    this.#source = source
    this.#info = info
    line.textContent = 'Point at the picture for values.'
  }

  /** `part` of what is shown, from 0 to 1, in a picture that is `width` pixels wide. */
  at(shown: Shown, part: number, width: number): void {
    const { contig, start, end } = shown.span
    const near = (nearPixels / width) * (end - start)
    const position = start + part * (end - start)
    const variants = shown.variants.filter((one) => Math.abs(one.position + 0.5 - position) <= Math.max(0.5, near))
    const bases = end - start
    // The bases that the picture draws in this pixel.
    const count = Math.min(Math.round(width), bases)
    const bin = Math.floor(part * count)
    const [from, to] = [bin, bin + 1].map((at) => start + Math.ceil((at * bases) / count))
    const span = { contig, start: from, end: to }
    const turn = ++this.#wanted
    void this.#source.peaks(span).then(
      (peaks) => {
        if (turn === this.#wanted)
          this.#line.textContent = [this.#words(span, peaks), ...variants.map(showVariant)].join('; ')
      },
      (error: unknown) => {
        if (turn === this.#wanted) this.#line.textContent = String((error as Error).message)
      },
    )
  }

  #words({ contig, start, end }: Span, peaks: Awaited<ReturnType<ViewSource['peaks']>>): string {
    const isOne = end - start === 1
    const several = new Set(this.#info.lanes.map(({ file }) => file)).size > 1
    const words = peaks.map((peak, i) => {
      const { track, file } = this.#info.lanes[i]
      const where = peak && !isOne ? ` at ${count(peak.position + 1)}` : ''
      return `${several ? `${file} ` : ''}${track} ${peak ? exactValue(peak.value) : 'no value'}${where}`
    })
    const place = isOne ? `${contig}:${count(start + 1)}` : `largest of ${contig}:${count(start + 1)}-${count(end)}`
    return `${place}: ${words.join(', ')}`
  }
}
