import type { Norm } from '../norm.ts'
import { expectShape, expectWeights, type Tensor, type Weights } from '../tensor.ts'

/** At each position: `out = input + fc2(geluTanh(fc1(norm(input))))`; `out` may be `input`. */
export interface MlpArguments<T extends Tensor = Tensor, W extends Weights = Weights> {
  readonly out: T // [channels, length]
  readonly input: T // [channels, length]
  readonly norm: Norm<W>
  readonly fc1: { readonly weight: W; readonly bias: W } // [hidden, channels], [hidden]
  readonly fc2: { readonly weight: W; readonly bias: W } // [channels, hidden], [channels]
}

export function checkMlp(a: MlpArguments): void {
  const channels = a.input.channelCount
  const hidden = a.fc1.weight.shape[0]
  expectShape('mlp', 'out', a.out, channels, a.input.length)
  expectWeights('mlp', 'norm.weight', a.norm.weight, [channels])
  expectWeights('mlp', 'fc1.weight', a.fc1.weight, [hidden, channels])
  expectWeights('mlp', 'fc1.bias', a.fc1.bias, [hidden])
  expectWeights('mlp', 'fc2.weight', a.fc2.weight, [channels, hidden])
  expectWeights('mlp', 'fc2.bias', a.fc2.bias, [channels])
}
