/** What a viewer shows and where it gets it: from a server, from a page's own data, or from a run in progress. */

/** 0-based, half-open. */
export interface Span {
  readonly contig: string
  readonly start: number
  readonly end: number
}

/** One track of one file. */
export interface Lane {
  /** The file's name; shown where there are several. */
  readonly file: string
  readonly track: string
  /** Values lie between these. */
  readonly least: number
  readonly largest: number
}

/** A contig and what is covered of it. */
export interface ShownContig {
  readonly name: string
  readonly length: number
  readonly start: number
  readonly end: number
}

export interface ViewInfo {
  readonly title: string
  readonly lanes: readonly Lane[]
  readonly contigs: readonly ShownContig[]
  /** What can be asked for beside values. */
  readonly hasGenes: boolean
  readonly hasVariants: boolean
  /** All that the source holds, where that is a part of a contig: the view stays inside. */
  readonly held?: Span
  /** Whether the lanes' ranges are those of what was read so far. */
  readonly isPartial?: boolean
}

/** Least and largest value of each bin; null where there is none. Equal where a bin is one base. */
export interface LaneBins {
  readonly least: readonly (number | null)[]
  readonly largest: readonly (number | null)[]
}

export interface Gene {
  readonly name: string
  readonly strand: '+' | '-'
  readonly start: number
  readonly end: number
  readonly exonStarts: readonly number[]
  readonly exonEnds: readonly number[]
}

export interface ShownVariant {
  /** 0-based. */
  readonly position: number
  /** As people write it: `20:14,000,123 A>G`. */
  readonly name: string
  /** The largest change by magnitude, from -1 to 1 for splice models; undefined where it was not scored. */
  readonly score?: number
  /** What changes most, e.g. `acceptor gain`. */
  readonly effect?: string
}

/** What stands in a span: enough for one picture. */
export interface Shown {
  readonly span: Span
  /** By lane; bins of equal width over the span. */
  readonly lanes: readonly LaneBins[]
  readonly genes: readonly Gene[]
  readonly variants: readonly ShownVariant[]
  /** Its letters, where they fit. */
  readonly bases?: string
  /** Whether more will be drawn when more was read. */
  readonly isPartial?: boolean
}

export interface Peak {
  /** 0-based. */
  readonly position: number
  readonly value: number
}

export interface Site {
  readonly contig: string
  /** 0-based. */
  readonly position: number
  readonly value: number
  readonly file: string
  readonly track: string
}

export interface ViewSource {
  info(): Promise<ViewInfo>
  /** What is in `span`, in at most `bins` bins. */
  show(span: Span, bins: number): Promise<Shown>
  /** The largest value of each lane in `span`, exactly. */
  peaks(span: Span): Promise<readonly (Peak | null)[]>
  /** The strongest sites, the strongest first; `progress` from 0 to 1 says how much was looked through. */
  sites(): Promise<{ readonly sites: readonly Site[]; readonly progress: number }>
  /** A region, a position or a gene as a span. Rejects with a reason that can be shown. */
  find(text: string, contig: string): Promise<Span>
}
