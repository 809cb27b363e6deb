// Apart from adapter.ts, so that the types the library ships name none of WebGPU's, which a project may not have.

export interface AdapterFacts {
  /** What a user recognises, e.g. `NVIDIA H100 PCIe` or `llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)`. */
  readonly name: string
  /** Computed by the CPU in disguise: right for tests, slower than the CPU backend. */
  readonly isSoftware: boolean
}

/** No adapter, and why, in words that fit after "no GPU: ". */
export interface NoAdapter {
  readonly adapter?: undefined
  readonly reason: string
  readonly cause?: unknown
}
