import type { Site, Span } from './source.ts'
import { count, showValue } from './svg.ts'

type Key = 'contig' | 'position' | 'track' | 'value'

const shownAtMost = 200

/** The strongest sites as a table: sorted by its heads, cut off below a score, a click moves the view. */
export class SitesTable {
  readonly #table: HTMLTableElement
  readonly #body: HTMLTableSectionElement
  readonly #onPick: (span: Span) => void
  #sites: readonly Site[] = []
  #least = 0
  #key: Key = 'value'
  #isAscending = false

  constructor(table: HTMLTableElement, onPick: (span: Span) => void) {
    this.#table = table
    this.#onPick = onPick
    this.#body = table.tBodies[0]
    for (const button of table.querySelectorAll<HTMLButtonElement>('thead button'))
      button.addEventListener('click', () => this.#sortBy(button.dataset['key'] as Key))
  }

  set sites(sites: readonly Site[]) {
    this.#sites = sites
    this.#fill()
  }

  /** Sites whose values are smaller by magnitude are left out. */
  set least(least: number) {
    this.#least = least
    this.#fill()
  }

  /** All that pass the filter, in their order. */
  get chosen(): readonly Site[] {
    const key = this.#key
    const sign = this.#isAscending ? 1 : -1
    const compare = (a: Site, b: Site): number => {
      if (key === 'value') return Math.abs(a.value) - Math.abs(b.value)
      if (key === 'position') return a.contig === b.contig ? a.position - b.position : a.contig < b.contig ? -1 : 1
      return a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0
    }
    return this.#sites.filter(({ value }) => Math.abs(value) >= this.#least).sort((a, b) => sign * compare(a, b))
  }

  /** Contig, start, end, track, value: BED, with the value as it is in the fifth column. */
  get bed(): string {
    return this.chosen
      .map(({ contig, position, track, value }) => `${contig}\t${position}\t${position + 1}\t${track}\t${value}\n`)
      .join('')
  }

  #sortBy(key: Key): void {
    this.#isAscending = key === this.#key ? !this.#isAscending : key !== 'value'
    this.#key = key
    this.#fill()
  }

  #fill(): void {
    for (const head of this.#table.querySelectorAll<HTMLTableCellElement>('thead th')) {
      const isKey = head.querySelector('button')?.dataset['key'] === this.#key
      head.setAttribute('aria-sort', isKey ? (this.#isAscending ? 'ascending' : 'descending') : 'none')
    }
    const { chosen } = this
    this.#body.replaceChildren(...chosen.slice(0, shownAtMost).map((site) => this.#row(site)))
    this.#table.caption!.textContent =
      chosen.length > shownAtMost
        ? `Strongest sites: ${shownAtMost} of ${chosen.length} shown`
        : `Strongest sites: ${chosen.length}`
  }

  #row(site: Site): HTMLTableRowElement {
    const row = document.createElement('tr')
    const go = document.createElement('button')
    go.type = 'button'
    go.textContent = count(site.position + 1)
    go.setAttribute('aria-label', `Show ${site.contig}:${count(site.position + 1)}`)
    const cells = [site.contig, go, site.track, showValue(site.value), site.file]
    for (const content of cells) row.insertCell().append(content)
    row.addEventListener('click', () => this.#onPick(around(site)))
    return row
  }
}

/** A site with what stands near it. */
const around = ({ contig, position }: Site): Span => ({ contig, start: position - 50, end: position + 51 })
