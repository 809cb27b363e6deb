/** A checkpoint's parameters after loading: canonical names, values as f32, shapes checked against the architecture. */
export interface Checkpoint {
  readonly name: string
  readonly architecture: Architecture
  readonly tensors: ReadonlyMap<string, NamedTensor>
  /** Of the weights file, lower-case hex. */
  readonly sha256: string
  /** The model card as the config gives it, if it does. */
  readonly card?: Readonly<Record<string, unknown>>
}

export interface NamedTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

export type Architecture = HyenaArchitecture | OpenSpliceArchitecture | PangolinArchitecture | SpliceHyenaArchitecture

/**
 * HyenaDNA (docs/models.md, section 1). Canonical tensor names: those of the `-hf` form without the prefix `hyena.`,
 * aliases (`implicit_filter.{3,5}.freq`) dropped, `lm_head.weight` always present (tied ones resolved).
 */
export interface HyenaArchitecture {
  readonly kind: 'hyena'
  readonly modelWidth: number // d_model
  readonly layerCount: number
  readonly innerWidth: number // d_inner
  readonly maxLength: number // max_seq_len = l_max: taps of every filter
  readonly embeddingSize: number // emb_dim of the filter's position features
  readonly filterMlpWidth: number // filter_order
  readonly shortFilterLength: number // 3
  readonly layerNormEpsilon: number
  readonly vocabularySize: number // rows of the embedding and of lm_head, padding included (16)
}

/** The trunk of the SpliceAI family (docs/models.md, section 2); names as in OpenSpliceAI's state_dict. */
export interface ResidualTrunk {
  readonly channelCount: number // 32
  /** Receptive field in bases, both sides together: 80, 400, 2000 or 10000. */
  readonly contextBases: number
  readonly units: readonly { readonly width: number; readonly dilation: number }[]
  /** Of the LeakyReLUs: 0.1, or 0 for SpliceAI's ReLUs. Default 0.1. */
  readonly slope?: number
  /** Default 1e-5. */
  readonly batchNormEpsilon?: number
}

/** SpliceAI and OpenSpliceAI; `final_conv` has 3 rows: neither, acceptor, donor. */
export interface OpenSpliceArchitecture extends ResidualTrunk {
  readonly kind: 'openspliceai'
}

/** Pangolin (docs/models.md, section 2): `final_conv` has 12 rows, for each tissue [not spliced, spliced, usage]. */
export interface PangolinArchitecture extends ResidualTrunk {
  readonly kind: 'pangolin'
  /** The track that the network was trained for last, e.g. `heart_splice`; undefined where that is not known: all count. */
  readonly trainedFor?: string
}

/** Our own splice model: a stem and a list of blocks (config.json of models/splice; training/README.md). */
export interface SpliceHyenaArchitecture {
  readonly kind: 'splice-hyena'
  readonly modelWidth: number
  readonly stemWidth: number
  readonly blocks: readonly SpliceBlock[]
}
export type SpliceBlock =
  | { readonly type: 'conv'; readonly width: number; readonly dilation: number }
  | { readonly type: 'hyena'; readonly taps: number; readonly shortTaps: number }
  | { readonly type: 'mlp'; readonly hidden: number }
