import type { ShownPrediction, Site } from './shown-prediction.ts'
import { shownPosition } from './texts.ts'

const mostRows = 200
type Column = 'position' | 'track' | 'score'

/** The table of the strongest sites: sorted by any column, cut off at a score. */
export class SitesTable {
  readonly #table: HTMLTableElement
  readonly #least: HTMLInputElement
  readonly #count: HTMLElement
  readonly #onChoose: (site: Site) => void
  #shown: ShownPrediction | undefined
  #column: Column = 'score'
  #isDescending = true
  #isAsked = false

  constructor(table: HTMLTableElement, least: HTMLInputElement, count: HTMLElement, onChoose: (site: Site) => void) {
    this.#table = table
    this.#least = least
    this.#count = count
    this.#onChoose = onChoose
    least.addEventListener('input', () => this.draw())
    for (const head of table.querySelectorAll<HTMLElement>('th[data-sort]'))
      head.addEventListener('click', () => this.#sortBy(head.dataset['sort'] as Column))
  }

  show(shown: ShownPrediction): void {
    this.#shown = shown
    this.draw()
  }

  draw(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    requestAnimationFrame(() => {
      this.#isAsked = false
      this.#fill()
    })
  }

  #sortBy(column: Column): void {
    this.#isDescending = this.#column === column ? !this.#isDescending : column === 'score'
    this.#column = column
    for (const head of this.#table.querySelectorAll<HTMLElement>('th[data-sort]')) {
      if (head.dataset['sort'] !== column) head.removeAttribute('aria-sort')
      else head.setAttribute('aria-sort', this.#isDescending ? 'descending' : 'ascending')
    }
    this.draw()
  }

  #fill(): void {
    const shown = this.#shown
    if (!shown) return
    const least = Number(this.#least.value)
    const sites = shown.sites.filter(({ score }) => score >= least)
    const sign = this.#isDescending ? -1 : 1
    const column = this.#column
    sites.sort((a, b) => sign * (a[column] < b[column] ? -1 : a[column] > b[column] ? 1 : 0) || a.position - b.position)
    const tracks = [...shown.signals.keys()]
    this.#count.textContent =
      shown.family === 'language'
        ? 'A language model predicts no sites.'
        : `${sites.length.toLocaleString('en')} site${sites.length === 1 ? '' : 's'}${sites.length > mostRows ? `, ${mostRows} shown` : ''}`
    this.#table.tBodies[0].replaceChildren(...sites.slice(0, mostRows).map((site) => this.#row(site, tracks)))
  }

  #row(site: Site, tracks: readonly string[]): HTMLTableRowElement {
    const row = document.createElement('tr')
    const go = document.createElement('button')
    go.type = 'button'
    go.textContent = shownPosition(site.position)
    go.addEventListener('click', () => this.#onChoose(site))
    row.insertCell().append(go)
    const swatch = document.createElement('span')
    swatch.className = `swatch swatch-${tracks.indexOf(site.track) % 4}`
    row.insertCell().append(swatch, `${site.track.replaceAll('_', ' ')} ${site.base}`)
    row.insertCell().textContent = site.score.toFixed(3)
    return row
  }
}
