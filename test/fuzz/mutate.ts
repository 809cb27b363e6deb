import fc from 'fast-check'

/** Most bytes of an input: larger ones only cost time. */
const mostBytes = 1 << 16

/** Numbers that parsers get wrong, as text and as little-endian integers. */
const numberTexts = [
  '0',
  '-1',
  '1',
  '00',
  '1.5',
  '1e9',
  'NaN',
  '',
  '1,000',
  '65536',
  '2147483648',
  '4294967295',
].concat(['9007199254740991', '9007199254740993', '18446744073709551615', '999999999999999999999'])
const integers = [0n, 1n, 127n, 128n, 255n, 256n, 65535n, 65536n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 64n - 1n]

/** One change: what is done, where and with what, as numbers that fit any input. */
type Edit = readonly [kind: number, at: number, size: number, pick: number]

interface Material {
  /** Inputs that are right. */
  readonly seeds: readonly Uint8Array[]
  /** What the format is made of: put in, and written over what is there. */
  readonly tokens: readonly Uint8Array[]
}

const sixteen = fc.nat(0xffff)
const edits: fc.Arbitrary<{ seed: number; edits: Edit[] }> = fc.record({
  seed: fc.nat(0xff),
  edits: fc.array(fc.tuple(fc.nat(0xff), sixteen, sixteen, sixteen), { minLength: 1, maxLength: 4 }),
})

/** A seed with some of it changed: bytes, numbers, ranges, lines, tokens, parts of other seeds. */
export const mutatedInput = (material: Material): fc.Arbitrary<Uint8Array> =>
  edits.map(({ seed, edits }) => {
    let bytes = material.seeds[seed % material.seeds.length]
    for (const edit of edits) bytes = apply(bytes, edit, material)
    return bytes
  })

function apply(bytes: Uint8Array, [kind, where, size, pick]: Edit, { seeds, tokens }: Material): Uint8Array {
  const at = Math.floor((where / 0x10000) * (bytes.length + 1))
  const length = 1 + (size & 1 ? size % 16 : size % (1 + (bytes.length >> 1)))
  const token = tokens[pick % tokens.length]
  const seed = seeds[pick % seeds.length]
  switch (kind % 13) {
    case 0:
      return written(bytes, at, [pick & 0xff])
    case 1:
      return written(bytes, at, [bytes[Math.min(at, bytes.length - 1)] ^ (1 << (pick & 7))])
    case 2:
      return cut(bytes, at, at + length)
    case 3:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at))
    case 4:
      return joined(bytes.subarray(0, at), token, bytes.subarray(at))
    case 5:
      return written(bytes, at, token)
    case 6:
      return withNumber(bytes, at, numberTexts[pick % numberTexts.length])
    case 7:
      return bytes.subarray(0, at)
    case 8:
      return joined(bytes.subarray(0, at), seed.subarray(Math.floor((size / 0x10000) * seed.length)))
    case 9:
      return withLinesSwapped(bytes, at)
    case 10:
      return joined(
        bytes.subarray(0, at),
        ...Array<Uint8Array>(2 + (pick % 30)).fill(bytes.subarray(at, at + length)),
        bytes.subarray(at),
      )
    case 11:
      return written(bytes, at, integerBytes(integers[pick % integers.length], 1 << (size % 4)))
    default:
      return joined(
        bytes.subarray(0, at),
        Uint8Array.from({ length: 1 + (size % 4) }, (_, i) => pick >> (4 * i)),
        bytes.subarray(at),
      )
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(
    Math.min(
      mostBytes,
      parts.reduce((sum, part) => sum + part.length, 0),
    ),
  )
  let end = 0
  for (const part of parts) {
    out.set(part.subarray(0, out.length - end), end)
    end = Math.min(out.length, end + part.length)
  }
  return out
}

const cut = (bytes: Uint8Array, from: number, to: number): Uint8Array =>
  joined(bytes.subarray(0, from), bytes.subarray(to))

function written(bytes: Uint8Array, at: number, over: ArrayLike<number>): Uint8Array {
  const out = bytes.slice()
  for (let i = 0; i < over.length && at + i < out.length; i++) out[at + i] = over[i]
  return out
}

function integerBytes(value: bigint, byteCount: number): number[] {
  return Array.from({ length: byteCount }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57

/** The first number in digits from `at` on becomes `text`. */
function withNumber(bytes: Uint8Array, at: number, text: string): Uint8Array {
  let start = at
  while (start < bytes.length && !isDigit(bytes[start])) start++
  let end = start
  while (isDigit(bytes[end])) end++
  return joined(bytes.subarray(0, start), new TextEncoder().encode(text), bytes.subarray(end))
}

/** The line of `at` and the one after it change places. */
function withLinesSwapped(bytes: Uint8Array, at: number): Uint8Array {
  const start = at === 0 ? 0 : bytes.lastIndexOf(10, at - 1) + 1
  const middle = bytes.indexOf(10, at) + 1
  if (middle === 0) return bytes
  const end = bytes.indexOf(10, middle) + 1 || bytes.length
  return joined(
    bytes.subarray(0, start),
    bytes.subarray(middle, end),
    bytes.subarray(start, middle),
    bytes.subarray(end),
  )
}
