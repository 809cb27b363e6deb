import { palette, type Theme } from './colours.ts'
import { drawSvg } from './draw.ts'
import { HoverLine } from './hover.ts'
import type { Shown, Span, ViewInfo, ViewSource } from './source.ts'
import { count, showSpan } from './svg.ts'

export interface ViewerOptions {
  /** Told of each span that is drawn. */
  readonly onShown?: (span: Span) => void
  /** Where to begin; default: all that is covered of the first contig. */
  readonly start?: Span
}

const leastBases = 20

/**
 * The picture of a source in a page: drag or arrow keys move, plus and minus zoom, values under the pointer are said below.
 * Needs no server and no style sheet of its own; `element` gets the picture.
 *
 * @example
 * const viewer = await Viewer.open(document.querySelector('#view'), source)
 * await viewer.go({ contig: '20', start: 14_000_000, end: 14_100_000 })
 */
export class Viewer {
  #info: ViewInfo
  readonly element: HTMLElement
  readonly #source: ViewSource
  readonly #options: ViewerOptions
  readonly #picture = document.createElement('div')
  /** Stands where the pointer is. */
  readonly #mark = document.createElement('div')
  readonly #hover: HoverLine
  #span: Span
  #shown: Shown | undefined
  #wanted = 0
  #askedWidth = 0
  #theme: Theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'

  static async open(element: HTMLElement, source: ViewSource, options: ViewerOptions = {}): Promise<Viewer> {
    const viewer = new Viewer(element, source, await source.info(), options)
    await viewer.go(options.start ?? viewer.whole(viewer.info.contigs[0].name))
    return viewer
  }

  private constructor(element: HTMLElement, source: ViewSource, info: ViewInfo, options: ViewerOptions) {
    this.element = element
    this.#info = info
    this.#source = source
    this.#options = options
    this.#span = this.whole(info.contigs[0].name)
    this.#picture.tabIndex = 0
    this.#picture.className = 'genoconv-picture'
    this.#picture.setAttribute('role', 'application')
    this.#picture.setAttribute('aria-roledescription', 'genome view')
    this.#picture.style.cssText =
      'touch-action: pan-y; user-select: none; cursor: grab; line-height: 0; overflow: hidden'
    this.#mark.style.cssText = 'position: absolute; top: 0; bottom: 0; width: 1px; pointer-events: none'
    this.#mark.hidden = true
    const frame = document.createElement('div')
    frame.style.position = 'relative'
    frame.append(this.#picture, this.#mark)
    const said = document.createElement('p')
    said.className = 'genoconv-values'
    said.setAttribute('role', 'status')
    this.#hover = new HoverLine(said, source, info)
    element.replaceChildren(frame, said)
    this.#listen()
  }

  /** Whether the source has not read all of what is shown. */
  get isPartial(): boolean {
    return this.#info.isPartial === true || this.#shown?.isPartial === true
  }

  /** Draws anew, as the source knows more than before. */
  async refresh(): Promise<void> {
    this.#info = await this.#source.info()
    await this.go(this.#span)
  }

  get info(): ViewInfo {
    return this.#info
  }

  get span(): Span {
    return this.#span
  }

  get theme(): Theme {
    return this.#theme
  }

  set theme(theme: Theme) {
    this.#theme = theme
    this.#draw()
  }

  /** All that is covered of a contig. */
  whole(contig: string): Span {
    const { name, start, end } = this.info.contigs.find((one) => one.name === contig) ?? this.info.contigs[0]
    return { contig: name, start, end }
  }

  /** Shows `span`, as much of it as the contig has; resolves when it is drawn. */
  async go(span: Span): Promise<void> {
    this.#span = this.#inside(span)
    const turn = ++this.#wanted
    const width = this.#width()
    this.#askedWidth = width
    const shown = await this.#source.show(this.#span, Math.round(width))
    if (turn !== this.#wanted) return // something else is wanted by now
    this.#shown = shown
    this.#draw()
    this.#options.onShown?.(this.#span)
  }

  /** `factor` above 1 shows more; the position at `at`, from 0 to 1, stays where it is. */
  zoom(factor: number, at = 0.5): Promise<void> {
    const { contig, start, end } = this.#span
    const centre = start + (end - start) * at
    const bases = Math.max(leastBases, (end - start) * factor)
    return this.go({ contig, start: centre - bases * at, end: centre + bases * (1 - at) })
  }

  /** Moves by a part of what is shown; above 0 to the right. */
  pan(part: number): Promise<void> {
    const { contig, start, end } = this.#span
    const by = Math.trunc((end - start) * part) || Math.sign(part)
    return this.go({ contig, start: start + by, end: end + by })
  }

  /** What is shown, as an SVG file. */
  svg(): string {
    if (!this.#shown) return ''
    const title = `${this.info.title} · ${showSpan(this.#span)}`
    return drawSvg(this.info.lanes, this.#shown, { width: 1000, theme: 'light', title, isFile: true })
  }

  /** The span, at least some bases wide, moved into its contig, or into what the source holds of it. */
  #inside({ contig, start, end }: Span): Span {
    const { held, contigs } = this.info
    const { length } = contigs.find(({ name }) => name === contig) ?? { length: Math.ceil(end) }
    const [first, last] = held ? [held.start, held.end] : [0, length]
    const bases = Math.min(last - first, Math.max(leastBases, Math.round(end - start)))
    const from = Math.min(Math.max(first, Math.round((start + end - bases) / 2)), last - bases)
    return { contig, start: from, end: from + bases }
  }

  #width(): number {
    return Math.max(200, this.element.clientWidth)
  }

  #draw(): void {
    if (!this.#shown) return
    const { span } = this.#shown
    this.element.style.background = palette[this.#theme].paper
    this.#mark.style.background = palette[this.#theme].faint
    // Every text of the picture is escaped where it is drawn (svg.ts).
    this.#picture.innerHTML = drawSvg(this.info.lanes, this.#shown, { width: this.#width(), theme: this.#theme })
    this.#picture.querySelector('svg')!.setAttribute('aria-hidden', 'true')
    const tracks = this.info.lanes.map(({ track }) => track).join(', ')
    this.#picture.setAttribute('aria-label', `${tracks} at ${showSpan(span)}, ${count(span.end - span.start)} bases`)
  }

  #listen(): void {
    const picture = this.#picture
    const partOf = (event: MouseEvent): number => {
      const { left, width } = picture.getBoundingClientRect()
      return Math.min(1 - 1e-9, Math.max(0, (event.clientX - left) / width))
    }
    picture.addEventListener('keydown', (event) => {
      const act = this.#keys[event.key]
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return
      event.preventDefault()
      void act()
    })
    picture.addEventListener('dblclick', (event) => void this.zoom(0.25, partOf(event)))
    picture.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.shiftKey) return // the page scrolls
        event.preventDefault()
        void this.zoom(event.deltaY > 0 || event.deltaX > 0 ? 1.5 : 1 / 1.5, partOf(event))
      },
      { passive: false },
    )
    let drag: { readonly x: number; readonly span: Span } | undefined
    picture.addEventListener('pointerdown', (event) => {
      drag = { x: event.clientX, span: this.#span }
      picture.setPointerCapture(event.pointerId)
    })
    picture.addEventListener('pointermove', (event) => {
      this.#mark.hidden = drag !== undefined
      this.#mark.style.left = `${Math.floor(partOf(event) * this.#width())}px`
      if (!drag) {
        if (this.#shown) this.#hover.at(this.#shown, partOf(event), this.#width())
        return
      }
      const { contig, start, end } = drag.span
      const by = ((drag.x - event.clientX) / this.#width()) * (end - start)
      if (Math.abs(drag.x - event.clientX) > 2) void this.go({ contig, start: start + by, end: end + by })
    })
    picture.addEventListener('pointerleave', () => {
      this.#mark.hidden = true
    })
    for (const name of ['pointerup', 'pointercancel'] as const)
      picture.addEventListener(name, () => {
        drag = undefined
      })
    new ResizeObserver(() => {
      if (this.#width() !== this.#askedWidth) void this.go(this.#span)
    }).observe(this.element)
  }

  readonly #keys: Readonly<Record<string, () => Promise<void>>> = {
    ArrowLeft: () => this.pan(-0.2),
    ArrowRight: () => this.pan(0.2),
    PageUp: () => this.pan(-0.9),
    PageDown: () => this.pan(0.9),
    '+': () => this.zoom(0.5),
    '=': () => this.zoom(0.5),
    ArrowUp: () => this.zoom(0.5),
    '-': () => this.zoom(2),
    ArrowDown: () => this.zoom(2),
    Home: () => this.go(this.whole(this.#span.contig)),
  }
}
