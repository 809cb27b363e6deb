import { RegionError } from '../../errors.ts'
import type { PredictionBatch } from '../../genome.ts'

interface Stretch {
  readonly start: number
  end: number
  readonly regionIndex: number
  readonly name: string | undefined
}

/** Which bases have been written, for formats with one value per base. */
export class CoveredBases {
  readonly #stretches = new Map<string, Stretch[]>()
  readonly #format: string
  readonly #names: readonly string[] | undefined

  /** `names`: those of the regions, by their index. */
  constructor(format: string, names?: readonly string[]) {
    this.#format = format
    this.#names = names
  }

  /** @throws RegionError, naming both regions, where a base of the batch was there already */
  add({ region, regionIndex }: PredictionBatch): void {
    const { contig, start, end } = region
    if (start === end) return
    const stretches = this.#stretches.get(contig) ?? []
    this.#stretches.set(contig, stretches)
    // The number of stretches that begin at or before `start`.
    let low = 0
    for (let high = stretches.length; low < high; ) {
      const middle = (low + high) >>> 1
      if (stretches[middle].start <= start) low = middle + 1
      else high = middle
    }
    const added = { start, end, regionIndex, name: this.#names?.[regionIndex] ?? region.name }
    const before = stretches.at(low - 1)
    const after = stretches.at(low)
    if (low > 0 && before && before.end > start) throw this.#overlap(contig, before, added)
    if (after && after.start < end) throw this.#overlap(contig, added, after)
    if (low > 0 && before?.end === start && before.regionIndex === regionIndex) before.end = end
    else stretches.splice(low, 0, added)
  }

  #overlap(contig: string, one: Stretch, other: Stretch): RegionError {
    const show = ({ start, end, name }: Stretch): string => name ?? `${contig}:${start}-${end}`
    return new RegionError({
      where: `output as ${this.#format}`,
      what: `the regions ${show(one)} and ${show(other)} overlap`,
      expected: 'one value per position',
      remedy: 'merge them, or write arrow or tsv',
    })
  }
}
