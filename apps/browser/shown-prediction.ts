import type { Prediction, Span } from './messages.ts'
import { Signal } from './signal.ts'

/** A base whose value stands out. */
export interface Site {
  /** 0-based. */
  readonly position: number
  readonly track: string
  readonly base: string
  readonly score: number
}

/** Scores below are not listed. */
const leastScore = 0.05
const mostSites = 5000

/** What came of a prediction so far. */
export class ShownPrediction {
  readonly span: Span
  readonly family: 'splice' | 'language'
  readonly signals = new Map<string, Signal>()
  readonly bases: Uint8Array<ArrayBuffer>
  readonly sites: Site[] = []
  /** Bases from the start of the span whose values are there. */
  done = 0

  constructor(span: Span, family: 'splice' | 'language', tracks: readonly string[]) {
    this.span = span
    this.family = family
    const length = span.end - span.start
    this.bases = new Uint8Array(length)
    for (const track of tracks) this.signals.set(track, new Signal(length))
  }

  /** Takes values that begin at position `start`, in ascending order. */
  add(start: number, bases: Uint8Array, tracks: Readonly<Record<string, Float32Array>>): void {
    const offset = start - this.span.start
    this.bases.set(bases, offset)
    for (const [track, values] of Object.entries(tracks)) {
      this.signals.get(track)!.set(offset, values)
      if (this.family === 'splice') this.#addSites(track, start, values)
    }
    this.done = offset + bases.length
  }

  base(position: number): string {
    return String.fromCharCode(this.bases[position - this.span.start])
  }

  /** What has been computed, complete in itself. */
  computed(metadata: ReadonlyMap<string, string>): Prediction {
    const { contig, start } = this.span
    const tracks = [...this.signals].map(([name, { values }]) => [name, values.slice(0, this.done)] as const)
    return {
      span: { contig, start, end: start + this.done },
      bases: this.bases.slice(0, this.done),
      tracks: Object.fromEntries(tracks),
      metadata,
    }
  }

  #addSites(track: string, start: number, values: Float32Array): void {
    for (let i = 0; i < values.length; i++)
      if (values[i] >= leastScore)
        this.sites.push({ position: start + i, track, base: this.base(start + i), score: values[i] })
    if (this.sites.length <= mostSites) return
    this.sites.sort((a, b) => b.score - a.score)
    this.sites.length = mostSites
  }
}
