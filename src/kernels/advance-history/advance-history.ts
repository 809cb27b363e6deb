import { expectShape, type Tensor } from '../tensor.ts'

/** `history[c, :]` becomes the last `history.length` positions of history followed by input. In place; any lengths. */
export interface AdvanceHistoryArguments<T extends Tensor = Tensor> {
  readonly history: T // [channels, historyLength]
  readonly input: T // [channels, length]
}

export function checkAdvanceHistory({ history, input }: AdvanceHistoryArguments): void {
  expectShape('advanceHistory', 'input', input, history.channelCount, input.length)
}
