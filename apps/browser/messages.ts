import type { ModelParts, PredictionBatch, ScoredVariant, Variant } from 'genoconv'

/** Where sequence comes from; `id` tells the worker whether it has it open already. */
export interface Source {
  readonly id: number
  readonly name: string
  readonly input: Blob | string
}

/** What computes: everything that the worker must open before it can. */
export interface Engine {
  readonly device: 'auto' | 'gpu' | 'cpu' | 'one-thread'
  /** Undefined: the shipped model. */
  readonly model: { readonly id: number; readonly parts: ModelParts } | undefined
}

export interface Span {
  readonly contig: string
  /** 0-based, half-open. */
  readonly start: number
  readonly end: number
}

/** What was computed: a track is one value per base of `span`. */
export interface Prediction {
  readonly span: Span
  readonly bases: Uint8Array<ArrayBuffer>
  readonly tracks: Readonly<Record<string, Float32Array<ArrayBuffer>>>
  readonly metadata: ReadonlyMap<string, string>
}

/** What the page asks of the worker, with the type of the answer. */
export interface Requests {
  open: { asked: { source: Source }; answer: readonly { readonly name: string; readonly length: number }[] }
  /** Region text as samtools has it, or a contig's name. */
  locate: { asked: { source: Source; text: string }; answer: Span }
  predict: { asked: { source: Source; engine: Engine; span: Span; strand: '+' | '-' | 'both' }; answer: Made }
  score: { asked: { source: Source; engine: Engine; variant: Variant; distance: number }; answer: ScoredVariant }
  encode: { asked: { prediction: Prediction; format: 'arrow' | 'bedgraph' }; answer: Blob }
}

/** How a prediction was made. */
export interface Made {
  readonly device: string
  readonly seconds: number
  readonly metadata: ReadonlyMap<string, string>
}

/** What comes while a request is worked on. */
export type Event =
  | { readonly kind: 'state'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string }
  | {
      readonly kind: 'started'
      readonly model: string
      readonly family: 'splice' | 'language'
      readonly tracks: readonly string[]
    }
  | { readonly kind: 'batch'; readonly batch: Pick<PredictionBatch, 'region' | 'bases' | 'tracks'> }

export type Asked = { [K in keyof Requests]: { readonly kind: K } & Requests[K]['asked'] }[keyof Requests]

export type Reply =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'answer'; readonly answer: Requests[keyof Requests]['answer'] }
  | { readonly kind: 'failure'; readonly text: string }
