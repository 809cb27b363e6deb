import { FormatError, ShapeError } from '../../errors.ts'
import type { NamedTensor } from '../checkpoint.ts'
import type { RawTensor, RawWeights } from './raw-tensor.ts'

/**
 * Takes tensors out of a weights file by canonical name, checking that each is there, has the shape the architecture
 * asks for, and holds finite values. What was taken becomes the checkpoint.
 */
export class TensorPicker {
  readonly taken = new Map<string, NamedTensor>()
  readonly #weights: RawWeights
  /** Canonical name -> name in the file. */
  readonly #names: ReadonlyMap<string, string>
  readonly #prefix: string
  #budget: number

  /** @param prefix what stands before the canonical name in the file, for tensors that are missing there */
  constructor(weights: RawWeights, names: ReadonlyMap<string, string>, prefix = '') {
    this.#prefix = prefix
    this.#weights = weights
    this.#names = names
    // Tied parameters share a storage in a pickle; a file that names one storage a thousand times is not a model.
    this.#budget = 8 * weights.dataBytes + 2 ** 20 // bytes of f32; a file of bytes grows fourfold
  }

  get names(): Iterable<string> {
    return this.#names.keys()
  }

  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** Name in errors: as it stands in the file. */
  where(name: string): string {
    return `${this.#weights.where} tensor ${this.#names.get(name) ?? this.#prefix + name}`
  }

  raw(name: string): RawTensor {
    const fileName = this.#names.get(name)
    const tensor = fileName === undefined ? undefined : this.#weights.tensors.get(fileName)
    if (tensor) return tensor
    throw new FormatError({
      where: this.where(name),
      what: 'missing from the file',
      remedy: 'a complete checkpoint of this architecture has it',
    })
  }

  /** The shape of a tensor that must have `axisCount` axes, none of them empty. */
  shape(name: string, axisCount: number): readonly number[] {
    const { shape } = this.raw(name)
    if (shape.length !== axisCount || shape.some((size) => size < 1)) {
      throw new ShapeError({
        where: this.where(name),
        what: 'wrong shape',
        expected: `${axisCount} axes`,
        got: `[${shape}]`,
      })
    }
    return shape
  }

  /** Checks and keeps a tensor under its canonical name. */
  take(name: string, expectedShape: readonly number[], keepAs = name): NamedTensor {
    const tensor = this.raw(name)
    if (
      tensor.shape.length !== expectedShape.length ||
      tensor.shape.some((size, axis) => size !== expectedShape[axis])
    ) {
      throw new ShapeError({
        where: this.where(name),
        what: 'wrong shape',
        expected: `[${expectedShape}]`,
        got: `[${tensor.shape}]`,
      })
    }
    this.#budget -= 4 * tensor.elementCount
    if (this.#budget < 0) {
      throw new FormatError({
        where: this.where(name),
        what: 'tensors of the file hold several times more values than its storages',
      })
    }
    const data = tensor.read()
    // One sum finds any non-finite value: NaN and infinities do not cancel into a finite number when each is taken times 0.
    let probe = 0
    for (let i = 0; i < data.length; i++) probe += data[i] * 0
    if (probe !== 0) {
      const at = data.findIndex((value) => !Number.isFinite(value))
      throw new FormatError({
        where: this.where(name),
        what: `value ${at} is not finite`,
        expected: 'a finite f32',
        got: `${data[at]}`,
      })
    }
    const kept = { shape: expectedShape, data }
    this.taken.set(keepAs, kept)
    return kept
  }
}
