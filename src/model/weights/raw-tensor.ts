/** Tensors as a weights file holds them, before anybody asks for their values. */

export const dtypeBytes = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
} as const
export type DType = keyof typeof dtypeBytes

export interface RawTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly elementCount: number
  /** Values as f32 in row-major order; may be a view on the file's bytes. Throws FormatError. */
  read(): Float32Array
}

/** What a weights file holds. */
export interface RawWeights {
  /** File name as errors give it. */
  readonly where: string
  readonly tensors: ReadonlyMap<string, RawTensor>
  /** Bytes of the tensor data in the file: an upper bound for what honest tensors need. */
  readonly dataBytes: number
}

/** Product of the dimensions, or undefined where they are not dimensions, too many, or their product is beyond exact integers. */
export function countElements(shape: readonly unknown[]): number | undefined {
  if (shape.length > 16) return undefined
  let count = 1
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined
    count *= size
    if (!Number.isSafeInteger(count)) return undefined
  }
  return count
}

/**
 * `count` little-endian values at the start of `bytes`, as f32 (f64 and integers are rounded to the nearest; beyond f32's
 * range gives infinity, which the architecture check refuses). A view where the bytes are aligned f32, else a copy.
 * Returns undefined for types that have no values here (8-bit floats).
 */
export function valuesAsFloat32(bytes: Uint8Array, dtype: DType, count: number): Float32Array | undefined {
  if (dtype === 'F32' && bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, count)
  if (dtype === 'F16') return halvesAsFloat32(bytes, count)
  const read = valueReader(bytes, dtype)
  if (!read) return undefined
  const out = new Float32Array(count)
  for (let i = 0; i < count; i++) out[i] = read(i)
  return out
}

/** Reads the i-th value of `bytes`; undefined for types without values here. */
export function valueReader(bytes: Uint8Array, dtype: DType): ((i: number) => number) | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (dtype) {
    case 'F64':
      return (i) => view.getFloat64(8 * i, true)
    case 'F32':
      return (i) => view.getFloat32(4 * i, true)
    case 'F16':
      return (i) => halfToNumber(view.getUint16(2 * i, true))
    case 'BF16':
      return (i) => bfloatToNumber(view.getUint16(2 * i, true))
    case 'I64':
      return (i) => Number(view.getBigInt64(8 * i, true))
    case 'U64':
      return (i) => Number(view.getBigUint64(8 * i, true))
    case 'I32':
      return (i) => view.getInt32(4 * i, true)
    case 'U32':
      return (i) => view.getUint32(4 * i, true)
    case 'I16':
      return (i) => view.getInt16(2 * i, true)
    case 'U16':
      return (i) => view.getUint16(2 * i, true)
    case 'I8':
      return (i) => view.getInt8(i)
    case 'U8':
    case 'BOOL':
      return (i) => bytes[i]
    default:
      return undefined
  }
}

/** Many halves at once: the bits of all but zeros, subnormals, infinities and NaN are those of an f32, moved. */
function halvesAsFloat32(bytes: Uint8Array, count: number): Float32Array {
  const out = new Float32Array(count)
  const bits = new Uint32Array(out.buffer)
  for (let i = 0; i < count; i++) {
    const half = bytes[2 * i] | (bytes[2 * i + 1] << 8)
    const exponent = half & 0x7c00
    if (exponent === 0) out[i] = (half & 0x8000 ? -1 : 1) * (half & 0x3ff) * 2 ** -24
    else if (exponent === 0x7c00) out[i] = halfToNumber(half)
    else bits[i] = ((half & 0x8000) << 16) | (((half & 0x7fff) << 13) + 0x38000000) // exponent bias 15 -> 127
  }
  return out
}

/** IEEE 754 binary16 -> number. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * (1024 + fraction) * 2 ** (exponent - 25)
}

const bfloatBits = new Uint32Array(1)
const bfloatValue = new Float32Array(bfloatBits.buffer)
/** bfloat16 is the upper half of an f32. */
function bfloatToNumber(bits: number): number {
  bfloatBits[0] = bits << 16
  return bfloatValue[0]
}
