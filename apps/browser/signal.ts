const fanOut = 16

/** Least and greatest of some values; both NaN where there is none. */
export interface Range {
  least: number
  greatest: number
}

/** One level of a pyramid: least and greatest of each `fanOut` entries of the level below. */
interface Level {
  readonly least: Float32Array
  readonly greatest: Float32Array
}

/**
 * Values of a track, one a base, that come in pieces; any stretch's least and greatest is found in a few steps, so that a
 * picture of it loses no peak and costs the same at every zoom.
 */
export class Signal {
  readonly values: Float32Array<ArrayBuffer>
  readonly #levels: Level[] = []
  /** Of all values so far. */
  readonly range: Range = { least: Number.NaN, greatest: Number.NaN }

  constructor(length: number) {
    this.values = new Float32Array(length).fill(Number.NaN)
    for (let count = Math.ceil(length / fanOut); count > 1; count = Math.ceil(count / fanOut))
      this.#levels.push({
        least: new Float32Array(count).fill(Number.NaN),
        greatest: new Float32Array(count).fill(Number.NaN),
      })
  }

  set(start: number, values: Float32Array): void {
    this.values.set(values, start)
    let below: Level = { least: this.values, greatest: this.values }
    let [from, to] = [start, start + values.length]
    for (const level of this.#levels) {
      from = Math.floor(from / fanOut)
      to = Math.ceil(to / fanOut)
      for (let i = from; i < to; i++) {
        const found = rangeOf(below, i * fanOut, (i + 1) * fanOut)
        level.least[i] = found.least
        level.greatest[i] = found.greatest
      }
      below = level
    }
    widen(this.range, rangeOf(below, 0, below.least.length))
  }

  /** Of values `[start, end)`. */
  over(start: number, end: number): Range {
    const found: Range = { least: Number.NaN, greatest: Number.NaN }
    this.#add(found, -1, start, Math.min(end, this.values.length))
    return found
  }

  #add(found: Range, level: number, start: number, end: number): void {
    const entries = level < 0 ? { least: this.values, greatest: this.values } : this.#levels[level]
    const [first, last] = [Math.ceil(start / fanOut), Math.floor(end / fanOut)]
    if (level + 1 >= this.#levels.length || first >= last) {
      widen(found, rangeOf(entries, start, end))
      return
    }
    widen(found, rangeOf(entries, start, first * fanOut))
    this.#add(found, level + 1, first, last)
    widen(found, rangeOf(entries, last * fanOut, end))
  }
}

function widen(range: Range, { least, greatest }: Range): void {
  if (!(range.least <= least) && !Number.isNaN(least)) range.least = least
  if (!(range.greatest >= greatest) && !Number.isNaN(greatest)) range.greatest = greatest
}

function rangeOf({ least, greatest }: Level, start: number, end: number): Range {
  const found: Range = { least: Number.NaN, greatest: Number.NaN }
  for (let i = start; i < Math.min(end, least.length); i++) {
    if (!(found.least <= least[i]) && !Number.isNaN(least[i])) found.least = least[i]
    if (!(found.greatest >= greatest[i]) && !Number.isNaN(greatest[i])) found.greatest = greatest[i]
  }
  return found
}
