import { FormatError } from '../../src/errors.ts'
import type { NamedTensor } from '../../src/model/checkpoint.ts'
import { parseSafetensors } from '../../src/model/weights/safetensors.ts'
import { writeSafetensors } from '../../src/model/weights/write-safetensors.ts'

/** What is kept of a training: numbers and tensors. */
export interface StoredState<Numbers> {
  readonly numbers: Numbers
  readonly tensors: ReadonlyMap<string, NamedTensor>
}

const numbersKey = 'training'

/** A state as one file: safetensors, the numbers as JSON in its header. */
export const writeState = <Numbers>({ numbers, tensors }: StoredState<Numbers>): Uint8Array =>
  writeSafetensors(tensors, { [numbersKey]: JSON.stringify(numbers) })

/** @throws FormatError where it is damaged or no state */
export function readState<Numbers>(bytes: Uint8Array, where: string): StoredState<Numbers> {
  const tensors = new Map<string, NamedTensor>()
  for (const [name, tensor] of parseSafetensors(bytes, where).tensors)
    tensors.set(name, { shape: tensor.shape, data: tensor.read().slice() })
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))) as {
    __metadata__?: Readonly<Record<string, string>>
  }
  const text = header.__metadata__?.[numbersKey]
  if (text === undefined) throw new FormatError({ where, what: 'not the state of a training' })
  return { numbers: JSON.parse(text) as Numbers, tensors }
}

/** What was asked for: a training is resumed with the same only. */
export type Asked = Readonly<Record<string, unknown>>

/** @throws FormatError where what was asked for then is not what is asked for now */
export function expectSameTraining(where: string, then: Asked, now: Asked): void {
  for (const [key, value] of Object.entries(now)) {
    if (JSON.stringify(then[key]) === JSON.stringify(value)) continue
    throw new FormatError({
      where,
      what: `the training that was begun there differs in its ${key}`,
      expected: JSON.stringify(then[key]),
      got: JSON.stringify(value),
      remedy: 'give the same options, or leave `resume` out to begin anew',
    })
  }
}
