/** Takes what is known of values: that positions `[from, to)` have values between `least` and `largest`. */
export interface BinSink {
  add(track: number, from: number, to: number, least: number, largest: number): void
}

/** Bins of one page: small enough that scattered regions cost little, large enough that a contig has few pages. */
const pageBins = 128

/** Least and largest value of each bin, one after the other; NaN where there is none. */
type Page = Float32Array

/**
 * The least and the largest value of each stretch of `binBases` positions, for each track: what a picture of many bases
 * needs. Memory follows the positions that have values.
 */
export class BinTable {
  readonly binBases: number
  readonly #tracks: number
  readonly #contigs = new Map<string, Map<number, Page>>()

  constructor(tracks: number, binBases: number) {
    this.#tracks = tracks
    this.binBases = binBases
  }

  /**
   * Adds `count` positions from `start` on; their values are `tracks[k][from …]`. `onBin` is told of each stretch of a bin,
   * by its rows `[first, last)`, with its largest magnitude.
   */
  add(
    contig: string,
    start: number,
    tracks: readonly Float32Array[],
    from: number,
    count: number,
    onBin: (track: number, first: number, last: number, magnitude: number) => void,
  ): void {
    for (let done = 0; done < count; ) {
      const bin = Math.floor((start + done) / this.binBases)
      const until = Math.min(count, (bin + 1) * this.binBases - start)
      const page = this.#page(contig, Math.floor(bin / pageBins))
      for (const [k, values] of tracks.entries()) {
        let least = Number.POSITIVE_INFINITY
        let largest = Number.NEGATIVE_INFINITY
        for (let i = from + done; i < from + until; i++) {
          const value = values[i]
          if (value < least) least = value
          if (value > largest) largest = value
        }
        if (!(least <= largest)) continue
        join(page, 2 * (k * pageBins + (bin % pageBins)), least, largest)
        onBin(k, from + done, from + until, Math.max(largest, -least))
      }
      done = until
    }
  }

  /** Tells `out`, whose bins are at least as wide as this table's, what is known of `[start, end)`. */
  query(contig: string, start: number, end: number, out: BinSink): void {
    const pages = this.#contigs.get(contig)
    if (!pages) return
    const last = Math.floor((end - 1) / this.binBases)
    for (let bin = Math.floor(start / this.binBases); bin <= last; ) {
      const number = Math.floor(bin / pageBins)
      const until = Math.min(last + 1, (number + 1) * pageBins)
      const page = pages.get(number)
      if (page) for (; bin < until; bin++) this.#copy(page, bin, out)
      bin = until
    }
  }

  #copy(page: Page, bin: number, out: BinSink): void {
    for (let k = 0; k < this.#tracks; k++) {
      const at = 2 * (k * pageBins + (bin % pageBins))
      if (!Number.isNaN(page[at])) out.add(k, bin * this.binBases, (bin + 1) * this.binBases, page[at], page[at + 1])
    }
  }

  #page(contig: string, number: number): Page {
    const pages = this.#contigs.get(contig) ?? new Map<number, Page>()
    this.#contigs.set(contig, pages)
    const page = pages.get(number) ?? new Float32Array(2 * pageBins * this.#tracks).fill(Number.NaN)
    pages.set(number, page)
    return page
  }
}

function join(pairs: Float32Array, at: number, least: number, largest: number): void {
  if (!(pairs[at] <= least)) pairs[at] = least
  if (!(pairs[at + 1] >= largest)) pairs[at + 1] = largest
}

/** `count` bins of equal width over `[start, end)`: least and largest value of each, by track. */
export class BinnedTracks implements BinSink {
  readonly start: number
  readonly end: number
  readonly count: number
  /** Whether not all rows were there yet. */
  isPartial = false
  readonly #pairs: readonly Float32Array[]

  constructor(tracks: number, start: number, end: number, count: number) {
    this.start = start
    this.end = end
    this.count = Math.max(1, Math.min(count, end - start))
    this.#pairs = Array.from({ length: tracks }, () => new Float32Array(2 * this.count).fill(Number.NaN))
  }

  add(track: number, from: number, to: number, least: number, largest: number): void {
    const scale = this.count / (this.end - this.start)
    const first = Math.max(0, Math.floor((from - this.start) * scale))
    const last = Math.min(this.count, Math.max(first + 1, Math.ceil((to - this.start) * scale)))
    for (let bin = first; bin < last; bin++) join(this.#pairs[track], 2 * bin, least, largest)
  }

  /** Values of positions from `position` on, as they are. */
  addValues(track: number, position: number, values: Float32Array): void {
    const scale = this.count / (this.end - this.start)
    const pairs = this.#pairs[track]
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (!Number.isNaN(value)) join(pairs, 2 * Math.floor((position + i - this.start) * scale), value, value)
    }
  }

  /** NaN where a bin has no value. */
  lane(track: number): { readonly least: number[]; readonly largest: number[] } {
    const pick = (which: number): number[] =>
      Array.from({ length: this.count }, (_, bin) => this.#pairs[track][2 * bin + which])
    return { least: pick(0), largest: pick(1) }
  }
}
