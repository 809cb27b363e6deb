import type { PredictionBatch } from '../../src/genome.ts'
import { showCount } from './show.ts'

export interface Site {
  readonly contig: string
  /** 0-based. */
  readonly position: number
  readonly value: number
}

/**
 * The positions with the largest values of each track, by magnitude, kept while batches pass; a site that two regions hold
 * counts once.
 */
export class StrongestSites {
  readonly #count: number
  readonly #best = new Map<string, Site[]>()

  constructor(tracks: readonly string[], count = 3) {
    this.#count = count
    for (const track of tracks) this.#best.set(track, [])
  }

  add({ region, tracks }: Pick<PredictionBatch, 'region' | 'tracks'>): void {
    for (const [track, sites] of this.#best) {
      const values = tracks[track]
      if (!values) continue
      let least = this.threshold(track)!
      for (let i = 0; i < values.length; i++) {
        if (!(Math.abs(values[i]) > least)) continue
        const position = region.start + i
        if (sites.some((site) => site.position === position && site.contig === region.contig)) continue
        sites.push({ contig: region.contig, position, value: values[i] })
        sites.sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
        sites.length = Math.min(sites.length, this.#count)
        if (sites.length === this.#count) least = Math.abs(sites.at(-1)!.value)
      }
    }
  }

  /** The magnitude that a further site of `track` must exceed; undefined for a track that is not kept. */
  threshold(track: string): number | undefined {
    const sites = this.#best.get(track)
    return sites && (sites.length < this.#count ? -1 : Math.abs(sites.at(-1)!.value))
  }

  /** Track -> sites, the strongest first. */
  get sites(): ReadonlyMap<string, readonly Site[]> {
    return this.#best
  }

  lines(): string[] {
    return [...this.#best]
      .filter(([, sites]) => sites.length > 0)
      .map(
        ([track, sites]) =>
          `strongest ${track}: ${sites.map((s) => `${s.contig} position ${showCount(s.position)} (${s.value.toFixed(3)})`).join(', ')}`,
      )
  }
}
