/** How one long convolution is computed, as data: printed by --dry-run, tested without a device. */
export interface LongConvPlan {
  readonly channelCount: number
  readonly length: number
  readonly filterLength: number
  readonly method: 'direct' | 'fft'
  /** Real points of one transform; 0 for direct. */
  readonly fftSize: number
  /** New outputs of one segment: fftSize - filterLength + 1. */
  readonly validLength: number
  readonly segmentCount: number
  /** Factors of the Monarch decomposition, outermost first. */
  readonly factors: readonly number[]
  readonly keepSpectra: boolean
  readonly frequencySparsity: number
}
