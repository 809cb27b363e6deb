/** A short stretch of sequence with the real sequence around it, all in memory. */
export interface Piece {
  /** leftContext + length + rightContext ASCII letters, as the model reads them. */
  readonly bases: Uint8Array
  readonly leftContext: number
  readonly length: number
  readonly rightContext: number
}
