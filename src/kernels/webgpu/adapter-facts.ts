// Apart from adapter.ts, so that the types the library ships name none of WebGPU's, which a project may not have.

export interface AdapterFacts {
  /** The card and its driver as they call themselves, e.g. `nvidia-h100-pcie (NVIDIA: 550.54.15)`. */
  readonly name: string
  /** Computed by the CPU in disguise: right for tests, slower than the CPU backend. */
  readonly isSoftware: boolean
  /** Why it is not to be used, in words that fit after its name: what the check at the start found (self-check.ts). */
  readonly fault?: string
}

/** No adapter, and why, in words that fit after "no GPU: ". */
export interface NoAdapter {
  readonly adapter?: undefined
  readonly reason: string
  readonly cause?: unknown
}
