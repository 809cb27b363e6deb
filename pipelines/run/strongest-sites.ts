import type { PredictionBatch } from '../../src/genome.ts'
import { showCount } from './show.ts'

export interface Site {
  readonly contig: string
  /** 0-based. */
  readonly position: number
  readonly value: number
}

/** The positions with the highest values of each track, kept while batches pass; a site that two regions hold counts once. */
export class StrongestSites {
  private readonly count: number
  private readonly best = new Map<string, Site[]>()

  constructor(tracks: readonly string[], count = 3) {
    this.count = count
    for (const track of tracks) this.best.set(track, [])
  }

  add({ region, tracks }: PredictionBatch): void {
    for (const [track, sites] of this.best) {
      const values = tracks[track]
      let least = sites.length < this.count ? Number.NEGATIVE_INFINITY : sites.at(-1)!.value
      for (let i = 0; i < values.length; i++) {
        if (!(values[i] > least)) continue
        const position = region.start + i
        if (sites.some((site) => site.position === position && site.contig === region.contig)) continue
        sites.push({ contig: region.contig, position, value: values[i] })
        sites.sort((a, b) => b.value - a.value)
        sites.length = Math.min(sites.length, this.count)
        if (sites.length === this.count) least = sites.at(-1)!.value
      }
    }
  }

  /** Track -> sites, the strongest first. */
  get sites(): ReadonlyMap<string, readonly Site[]> {
    return this.best
  }

  lines(): string[] {
    return [...this.best]
      .filter(([, sites]) => sites.length > 0)
      .map(
        ([track, sites]) =>
          `strongest ${track}: ${sites.map((s) => `${s.contig} position ${showCount(s.position)} (${s.value.toFixed(3)})`).join(', ')}`,
      )
  }
}
