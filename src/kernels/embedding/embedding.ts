import { expectShape, type Tensor, type Weights } from '../tensor.ts'

/** `out[c, t] = table[codes[0, t], c]`. */
export interface EmbeddingArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly out: T // [channels, length]
  readonly codes: T // [1, length], whole numbers in 0 .. rows - 1, stored as f32
  readonly table: W // [rows, channels]
}

export function checkEmbedding({ out, codes, table }: EmbeddingArguments): void {
  expectShape('embedding', 'codes', codes, 1, out.length)
  expectShape('embedding', 'out', out, table.shape[1], out.length)
}
