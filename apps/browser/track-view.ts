import type { ShownPrediction } from './shown-prediction.ts'
import type { Signal } from './signal.ts'
import { shownPosition } from './texts.ts'

const laneHeight = 96
const lanePadding = 18
const rulerHeight = 26
const sequenceHeight = 18
/** Pixels that a base must have for its letter to be drawn. */
const letterPixels = 9
const leastBases = 20

/** A place that is marked in the lanes, e.g. where a variant acts. */
export interface Mark {
  readonly position: number
  readonly text: string
}

/** The tracks of a prediction on a canvas: moved, zoomed and pointed at. */
export class TrackView {
  readonly #canvas: HTMLCanvasElement
  readonly #onView: (start: number, end: number) => void
  readonly #onPoint: (position: number | undefined) => void
  #shown: ShownPrediction | undefined
  #start = 0
  #end = 1
  #pointed: number | undefined
  #isAsked = false
  marks: readonly Mark[] = []

  /**
   * @param onView told what is in view, as positions
   * @param onPoint told the position pointed at; where a pixel holds several bases, that of the strongest
   */
  constructor(
    canvas: HTMLCanvasElement,
    onView: (start: number, end: number) => void,
    onPoint: (position: number | undefined) => void,
  ) {
    this.#canvas = canvas
    this.#onView = onView
    this.#onPoint = onPoint
    new ResizeObserver(() => this.draw()).observe(canvas)
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw())
    this.#listen()
  }

  show(shown: ShownPrediction): void {
    this.#shown = shown
    this.marks = []
    this.#canvas.style.height = `${shown.signals.size * laneHeight + rulerHeight + sequenceHeight}px`
    this.look(shown.span.start, shown.span.end)
  }

  /** Moves the view to `[start, end)` as far as there is something. */
  look(start: number, end: number): void {
    if (!this.#shown) return
    const { span } = this.#shown
    const length = Math.min(span.end - span.start, Math.max(leastBases, Math.round(end - start)))
    this.#start = Math.max(span.start, Math.min(span.end - length, Math.round(start + (end - start - length) / 2)))
    this.#end = this.#start + length
    this.#onView(this.#start, this.#end)
    this.draw()
  }

  /** A close look at one position. */
  lookAt(position: number, bases = 200): void {
    this.#pointed = position
    this.#onPoint(position)
    this.look(position - bases / 2, position + bases / 2)
  }

  move(by: 'left' | 'right' | 'in' | 'out' | 'all'): void {
    if (!this.#shown) return
    const length = this.#end - this.#start
    const middle = this.#start + length / 2
    if (by === 'all') this.look(this.#shown.span.start, this.#shown.span.end)
    else if (by === 'in') this.#zoom(0.5, middle)
    else if (by === 'out') this.#zoom(2, middle)
    else this.#shift((by === 'left' ? -1 : 1) * length * 0.25)
  }

  /** Draws when the browser next paints. */
  draw(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    requestAnimationFrame(() => {
      this.#isAsked = false
      this.#paint()
    })
  }

  #shift(bases: number): void {
    const by = bases > 0 ? Math.ceil(bases) : Math.floor(bases)
    this.look(this.#start + by, this.#end + by)
  }

  #zoom(factor: number, around: number): void {
    const start = around - (around - this.#start) * factor
    this.look(start, start + (this.#end - this.#start) * factor)
  }

  #paint(): void {
    const context = this.#canvas.getContext('2d')!
    const { width, height } = this.#canvas.getBoundingClientRect()
    const scale = devicePixelRatio
    if (!this.#shown || width === 0) return
    this.#canvas.width = Math.round(width * scale)
    this.#canvas.height = Math.round(height * scale)
    context.scale(scale, scale)
    const style = getComputedStyle(this.#canvas)
    const colour = (name: string): string => style.getPropertyValue(`--${name}`)
    context.font = `12px ${style.fontFamily}`
    const { span, done, signals, family } = this.#shown
    const x = (position: number): number => ((position - this.#start) / (this.#end - this.#start)) * width
    context.fillStyle = colour('unknown')
    const known = Math.max(0, x(span.start + done))
    context.fillRect(known, 0, width - known, height)
    let top = 0
    let lane = 0
    for (const [name, signal] of signals) {
      const [least, greatest] =
        family === 'splice' ? [0, 1] : [Math.min(0, signal.range.least || 0), Math.max(0, signal.range.greatest || 0)]
      const y = (value: number): number =>
        top + laneHeight - 2 - ((value - least) / (greatest - least || 1)) * (laneHeight - lanePadding - 2)
      context.fillStyle = colour(`track-${lane % 4}`)
      this.#bars(context, signal, y, width)
      context.fillStyle = colour('line')
      context.fillRect(0, Math.round(y(0)), width, 1)
      context.fillStyle = colour('ink')
      context.textAlign = 'left'
      context.fillText(name.replaceAll('_', ' '), 6, top + 14)
      context.fillStyle = colour('faint')
      context.textAlign = 'right'
      context.fillText(`${Number(least.toPrecision(2))} to ${Number(greatest.toPrecision(2))}`, width - 6, top + 14)
      top += laneHeight
      lane++
    }
    context.textAlign = 'center'
    context.fillStyle = colour('ink')
    if (width / (this.#end - this.#start) >= letterPixels)
      for (let p = this.#start; p < Math.min(this.#end, span.start + done); p++)
        context.fillText(this.#shown.base(p), x(p + 0.5), top + 13)
    this.#ruler(context, x, width, top + sequenceHeight, colour)
    for (const [i, { position, text }] of this.marks.entries())
      this.#line(context, x(position + 0.5), top, colour('problem'), { text, row: i })
    if (this.#pointed !== undefined) this.#line(context, x(this.#pointed + 0.5), top, colour('faint'))
  }

  /** A bar a pixel, from the least to the greatest value of its bases and to zero. */
  #bars(context: CanvasRenderingContext2D, signal: Signal, y: (value: number) => number, width: number): void {
    const { start } = this.#shown!.span
    const basesPerPixel = (this.#end - this.#start) / width
    const step = Math.max(1, 1 / basesPerPixel)
    const zero = y(0)
    for (let px = 0; px < width; px += step) {
      const from = Math.floor(this.#start - start + px * basesPerPixel + 1e-6)
      const to = Math.max(from + 1, Math.floor(this.#start - start + (px + step) * basesPerPixel + 1e-6))
      const { least, greatest } = signal.over(from, to)
      if (Number.isNaN(greatest)) continue
      const upper = Math.min(zero, y(greatest))
      const lower = Math.max(zero, y(least))
      if (lower - upper > 0.2) context.fillRect(px, upper, Math.max(1.5, step - (step > 4 ? 1 : 0)), lower - upper)
    }
  }

  #ruler(
    context: CanvasRenderingContext2D,
    x: (position: number) => number,
    width: number,
    top: number,
    colour: (name: string) => string,
  ): void {
    const rough = ((this.#end - this.#start) * 110) / width
    const magnitude = 10 ** Math.floor(Math.log10(rough))
    const step = Math.max(1, [1, 2, 5, 10].find((m) => m * magnitude >= rough)! * magnitude)
    for (let shown = Math.ceil((this.#start + 1) / step) * step; shown <= this.#end; shown += step) {
      const at = x(shown - 0.5)
      context.fillStyle = colour('line')
      context.fillRect(Math.round(at), top, 1, 6)
      context.fillStyle = colour('faint')
      const text = shownPosition(shown - 1)
      const half = context.measureText(text).width / 2
      if (at > half && at < width - half) context.fillText(text, at, top + 19)
    }
  }

  #line(
    context: CanvasRenderingContext2D,
    at: number,
    bottom: number,
    colour: string,
    label?: { readonly text: string; readonly row: number },
  ): void {
    context.fillStyle = colour
    context.fillRect(Math.round(at), lanePadding, 1, bottom - lanePadding)
    if (!label) return
    context.textAlign = 'left'
    context.fillText(label.text, at + 5, lanePadding + 10 + 14 * label.row) // rows, as marks stand side by side
  }

  #pointAt(pixel: number): void {
    const shown = this.#shown!
    const basesPerPixel = (this.#end - this.#start) / this.#canvas.clientWidth
    const from = Math.max(this.#start, Math.floor(this.#start + pixel * basesPerPixel))
    const to = Math.min(this.#end, Math.max(from + 1, Math.floor(this.#start + (pixel + 1) * basesPerPixel)))
    let best = from
    let most = Number.NEGATIVE_INFINITY
    for (const { values } of shown.signals.values())
      for (let p = from; p < to; p++)
        if (Math.abs(values[p - shown.span.start]) > most) {
          most = Math.abs(values[p - shown.span.start])
          best = p
        }
    this.#pointed = best
    this.#onPoint(best)
    this.draw()
  }

  #listen(): void {
    const canvas = this.#canvas
    let dragged: number | undefined
    canvas.addEventListener('pointerdown', (event) => {
      dragged = event.clientX
      canvas.setPointerCapture(event.pointerId)
    })
    canvas.addEventListener('pointermove', (event) => {
      if (!this.#shown) return
      if (dragged !== undefined) {
        const bases = ((dragged - event.clientX) * (this.#end - this.#start)) / canvas.clientWidth
        if (Math.abs(bases) < 1) return
        dragged = event.clientX
        this.#shift(bases)
      } else this.#pointAt(event.offsetX)
    })
    for (const kind of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(kind, () => {
        dragged = undefined
      })
    canvas.addEventListener('dblclick', (event) =>
      this.#zoom(0.25, this.#start + (event.offsetX / canvas.clientWidth) * (this.#end - this.#start)),
    )
    canvas.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return // the page scrolls
        event.preventDefault()
        const around = this.#start + (event.offsetX / canvas.clientWidth) * (this.#end - this.#start)
        this.#zoom(event.deltaY > 0 ? 1.25 : 0.8, around)
      },
      { passive: false },
    )
    const keys = { ArrowLeft: 'left', ArrowRight: 'right', '+': 'in', '=': 'in', '-': 'out', Home: 'all' } as const
    canvas.addEventListener('keydown', (event) => {
      const move = keys[event.key as keyof typeof keys]
      if (move === undefined || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      this.move(move)
    })
  }
}
