import { expectShape, type Tensor } from '../tensor.ts'

/**
 * Softmax cross-entropy over channels and its gradient. At each position with a label: `loss = -ln(softmax(logits)[label])` and
 * `gradient = scale · (softmax(logits) - oneHot(label))`. Where the label is negative both are 0, whatever the logits are.
 * `gradient` may be the same view as `logits`; else outputs overlap nothing.
 */
export interface CrossEntropyArguments<T extends Tensor = Tensor> {
  readonly gradient: T // [classes, length]
  readonly loss: T // [1, length]
  readonly logits: T // [classes, length]
  readonly labels: T // [1, length], whole numbers below `classes`, stored as f32
  readonly scale: number
}

export function checkCrossEntropy(a: CrossEntropyArguments): void {
  const { channelCount, length } = a.logits
  expectShape('crossEntropy', 'gradient', a.gradient, channelCount, length)
  expectShape('crossEntropy', 'loss', a.loss, 1, length)
  expectShape('crossEntropy', 'labels', a.labels, 1, length)
}
