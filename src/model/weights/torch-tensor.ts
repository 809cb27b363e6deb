import { FormatError } from '../../errors.ts'
import { countElements, type DType, dtypeBytes, type RawTensor, valueReader, valuesAsFloat32 } from './raw-tensor.ts'
import type { ZipEntry } from './zip.ts'

/** A typed stretch of memory that tensors are views of; its bytes are read when a tensor's values are. */
export class TorchStorage {
  readonly dtype: DType
  readonly elementCount: number
  readonly entry: ZipEntry
  #bytes: Uint8Array | undefined
  constructor(dtype: DType, elementCount: number, entry: ZipEntry) {
    this.dtype = dtype
    this.elementCount = elementCount
    this.entry = entry
  }
  bytes(): Uint8Array {
    this.#bytes ??= this.entry.read()
    return this.#bytes
  }
}

/** A strided view of a storage. */
export class TorchTensor implements RawTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly elementCount: number
  readonly #where: string
  readonly #storage: TorchStorage
  readonly #offset: number
  readonly #strides: readonly number[]

  constructor(
    where: string,
    storage: TorchStorage,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
    elementCount: number,
  ) {
    this.#where = where
    this.dtype = storage.dtype
    this.shape = shape
    this.elementCount = elementCount
    this.#storage = storage
    this.#offset = offset
    this.#strides = strides
  }

  read(): Float32Array {
    // A view that repeats values (stride 0) could ask for any amount of memory; no saved parameter is one.
    if (this.elementCount > this.#storage.elementCount) {
      throw new FormatError({
        where: this.#where,
        what: `a tensor of shape [${this.shape}] repeats values`,
        expected: `at most ${this.#storage.elementCount}, those of its storage`,
      })
    }
    const bytes = this.#storage.bytes()
    const size = dtypeBytes[this.dtype]
    let step = 1
    const isContiguous = this.shape.reduceRight((soFar, length, axis) => {
      const fits = length === 1 || this.#strides[axis] === step
      step *= length
      return soFar && fits
    }, true)
    if (isContiguous) {
      const part = bytes.subarray(this.#offset * size, (this.#offset + this.elementCount) * size)
      return valuesAsFloat32(part, this.dtype, this.elementCount)!
    }
    const value = valueReader(bytes, this.dtype)!
    const out = new Float32Array(this.elementCount)
    const index = this.shape.map(() => 0)
    let position = this.#offset
    for (let i = 0; i < out.length; i++) {
      out[i] = value(position)
      // Row-major: the last axis turns fastest.
      for (let axis = index.length - 1; axis >= 0; axis--) {
        index[axis]++
        position += this.#strides[axis]
        if (index[axis] < this.shape[axis]) break
        position -= this.#strides[axis] * this.shape[axis]
        index[axis] = 0
      }
    }
    return out
  }
}

/**
 * The tensor that `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, …)` describes, its bounds checked.
 * @throws FormatError if it goes beyond its storage
 */
export function makeTorchTensor(
  where: string,
  storage: unknown,
  offset: unknown,
  shape: unknown,
  strides: unknown,
): TorchTensor {
  const fail = (what: string): never => {
    throw new FormatError({ where, what: `a tensor of the pickle ${what}` })
  }
  if (!(storage instanceof TorchStorage)) return fail('has no storage')
  // Copies: the pickle may change the lists later. Their lengths first: it may name one long list any number of times.
  const sizes: number[] = Array.isArray(shape) && shape.length <= 16 ? [...shape] : [-1]
  const steps: number[] = Array.isArray(strides) && strides.length === sizes.length ? [...strides] : [-1]
  const elementCount = countElements(sizes)
  const areSteps = steps.every((step) => Number.isSafeInteger(step) && step >= 0)
  if (elementCount === undefined || !areSteps || !Number.isSafeInteger(offset) || (offset as number) < 0)
    return fail('has no sound shape')
  const last =
    elementCount === 0 ? -1 : sizes.reduce((sum, size, axis) => sum + (size - 1) * steps[axis], offset as number)
  if (!(last < storage.elementCount))
    fail(`of shape [${sizes}] goes beyond its storage of ${storage.elementCount} values`)
  return new TorchTensor(where, storage, offset as number, sizes, steps, elementCount)
}
