import { describe, expect, it } from 'vitest'
import { FormatError } from '../../../src/errors.ts'
import { parseSafetensors } from '../../../src/model/weights/safetensors.ts'
import { halfToNumber, valuesAsFloat32 } from '../../../src/model/weights/raw-tensor.ts'
import { f32Tensor, rawSafetensors, safetensorsFile } from '../../support/safetensors-file.ts'

const parse = (bytes: Uint8Array) => parseSafetensors(bytes, 'm.safetensors')
const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

describe('safetensors values', () => {
  it('reads names, shapes and f32 values, in any header order, from any alignment', () => {
    const file = safetensorsFile(
      { b: f32Tensor([2, 1], [1.5, -2]), a: f32Tensor([], [7]), empty: f32Tensor([0, 3], []) },
      { format: 'pt' },
    )
    for (const shift of [0, 1, 2, 3]) {
      const moved = new Uint8Array(file.length + shift).subarray(shift)
      moved.set(file)
      const { tensors } = parse(moved)
      expect([...tensors.keys()].sort()).toEqual(['a', 'b', 'empty'])
      expect(tensors.get('b')!.shape).toEqual([2, 1])
      expect([...tensors.get('b')!.read()]).toEqual([1.5, -2])
      expect([...tensors.get('a')!.read()]).toEqual([7])
      expect([...tensors.get('empty')!.read()]).toEqual([])
    }
  })

  it.each([
    ['F64', new Float64Array([1.1, -3e-300, 1e300]), [Math.fround(1.1), -0, Infinity]],
    [
      'F16',
      new Uint16Array([0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x03ff]),
      [1, -2, 65504, 2 ** -24, -0, Infinity, 1023 * 2 ** -24],
    ],
    ['BF16', new Uint16Array([0x3f80, 0xc000, 0x3e80]), [1, -2, 0.25]],
    ['I64', new BigInt64Array([-1n, 2n ** 40n]), [-1, 2 ** 40]],
    ['U64', new BigUint64Array([2n ** 63n]), [2 ** 63]],
    ['I32', new Int32Array([-5, 7]), [-5, 7]],
    ['U32', new Uint32Array([4294967295]), [4294967296]],
    ['I16', new Int16Array([-300]), [-300]],
    ['U16', new Uint16Array([65535]), [65535]],
    ['I8', new Int8Array([-128]), [-128]],
    ['U8', new Uint8Array([255]), [255]],
    ['BOOL', new Uint8Array([1, 0]), [1, 0]],
  ] as const)('%s as f32', (dtype, values, expected) => {
    const { tensors } = parse(safetensorsFile({ x: { dtype, shape: [values.length], bytes: bytesOf(values) } }))
    expect([...tensors.get('x')!.read()]).toEqual([...expected])
  })

  it('converts every half-precision number as IEEE 754 says', () => {
    // A half is its f32 with a rebased exponent; subnormals are multiples of 2^-24.
    const float = new Float32Array(1)
    const bits = new Uint32Array(float.buffer)
    for (let half = 0; half < 65536; half++) {
      const exponent = (half >> 10) & 31
      if (exponent === 0) float[0] = ((half & 0x8000 ? -1 : 1) * (half & 1023)) / 16777216
      else bits[0] = ((half & 0x8000) << 16) | ((exponent === 31 ? 255 : exponent + 112) << 23) | ((half & 1023) << 13)
      if (Number.isNaN(float[0])) expect(halfToNumber(half)).toBeNaN()
      else if (halfToNumber(half) !== float[0]) expect(halfToNumber(half), `0x${half.toString(16)}`).toBe(float[0])
    }
    const all = Uint16Array.from({ length: 65536 }, (_, half) => half)
    const read = valuesAsFloat32(new Uint8Array(all.buffer), 'F16', all.length)!
    expect([...read].every((value, half) => Object.is(value, halfToNumber(half)))).toBe(true)
  })

  it('keeps f32 as a view on the file, and names hostile to objects', () => {
    const file = safetensorsFile({ __proto__x: f32Tensor([1], [1]), constructor: f32Tensor([1], [2]) })
    expect([...parse(file).tensors.get('constructor')!.read()]).toEqual([2])
    const proto = rawSafetensors('{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}', new Uint8Array(4))
    expect([...parse(proto).tensors.keys()]).toEqual(['__proto__'])
  })
})

const entry = (dtype: unknown, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets })
const bad: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ['too short', new Uint8Array(7), /at least 8 bytes, got 7/],
  ['a header length beyond any file', new Uint8Array(16).fill(255), /length of its header.*got 18446744073709552000/],
  [
    'a header longer than the file',
    rawSafetensors({}).subarray(0, 9),
    /truncated safetensors file.*at least 10 bytes, got 9/,
  ],
  ['a header that is not JSON', rawSafetensors('{"a":'), /its header is not JSON/],
  [
    'a header that is not UTF-8',
    rawSafetensors('{"a":1}').map((byte, i) => (i === 9 ? 255 : byte)),
    /its header is not JSON/,
  ],
  ['a header that is a list', rawSafetensors('[]'), /a JSON object, got \[\]/],
  ['metadata that is not text', rawSafetensors({ __metadata__: { a: 1 } }), /__metadata__.*text values/],
  ['an entry that is not an object', rawSafetensors({ a: 3 }), /tensor a: header entry/],
  [
    'an unknown dtype',
    rawSafetensors({ a: entry('F7', [1], [0, 4]) }, new Uint8Array(4)),
    /tensor a: dtype: expected one of F64.*got F7/,
  ],
  [
    'a dtype named as an object member',
    rawSafetensors({ a: entry('toString', [1], [0, 4]) }, new Uint8Array(4)),
    /tensor a: dtype/,
  ],
  ['a negative size', rawSafetensors({ a: entry('F32', [-1], [0, 4]) }, new Uint8Array(4)), /tensor a: shape/],
  ['a fractional size', rawSafetensors({ a: entry('F32', [1.5], [0, 6]) }, new Uint8Array(6)), /tensor a: shape/],
  [
    'a shape beyond exact integers',
    rawSafetensors({ a: entry('F32', [2 ** 30, 2 ** 30], [0, 4]) }, new Uint8Array(4)),
    /tensor a: shape/,
  ],
  ['a shape that is text', rawSafetensors({ a: entry('F32', '1', [0, 4]) }, new Uint8Array(4)), /tensor a: shape/],
  [
    'offsets that go backwards',
    rawSafetensors({ a: entry('F32', [1], [4, 0]) }, new Uint8Array(4)),
    /tensor a: data_offsets/,
  ],
  ['three offsets', rawSafetensors({ a: entry('F32', [1], [0, 4, 4]) }, new Uint8Array(4)), /tensor a: data_offsets/],
  [
    'bytes that do not fit the shape',
    rawSafetensors({ a: entry('F32', [2], [0, 4]) }, new Uint8Array(4)),
    /tensor a: bytes of shape \[2\] and dtype F32: expected 8, got 4/,
  ],
  [
    'data cut off',
    safetensorsFile({ a: f32Tensor([4], [1, 2, 3, 4]) }).subarray(0, -1),
    /tensor a goes beyond the end of the file/,
  ],
  ['data too long', rawSafetensors({ a: entry('F32', [1], [0, 4]) }, new Uint8Array(5)), /bytes after the last tensor/],
  [
    'a gap',
    rawSafetensors({ a: entry('F32', [1], [0, 4]), b: entry('F32', [1], [8, 12]) }, new Uint8Array(12)),
    /tensor b leaves a gap before it: expected data offset 4, got 8/,
  ],
  [
    'an overlap',
    rawSafetensors({ a: entry('F32', [2], [0, 8]), b: entry('F32', [2], [4, 12]) }, new Uint8Array(12)),
    /tensor b overlaps another/,
  ],
  [
    'the same tensor twice',
    rawSafetensors(
      `{"a":${JSON.stringify(entry('F32', [1], [0, 4]))}, "\\u0061" : ${JSON.stringify(entry('F32', [1], [0, 4]))}}`,
      new Uint8Array(4),
    ),
    /tensor a stands twice/,
  ],
]

describe('files that are not safetensors', () => {
  it.each(bad)('%s', (_, bytes, message) => {
    expect(() => parse(bytes)).toThrow(FormatError)
    expect(() => parse(bytes)).toThrow(message)
    expect(() => parse(bytes)).toThrow(/^m\.safetensors: /)
  })

  it('eight-bit floats parse, their values are refused by name', () => {
    const { tensors } = parse(safetensorsFile({ x: { dtype: 'F8_E4M3', shape: [1], bytes: new Uint8Array(1) } }))
    expect(() => tensors.get('x')!.read()).toThrow(/tensor x is of type F8_E4M3/)
  })
})
