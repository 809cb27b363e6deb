/**
 * The letters of DNA, in one place: which bytes are bases, their upper case, their complement.
 * A C G T U, N and the IUPAC ambiguity codes R Y K M S W B D H V, either case. Anything else is not a base.
 */

const COMPLEMENTS: Readonly<Record<string, string>> = {
  A: 'T',
  C: 'G',
  G: 'C',
  T: 'A',
  U: 'A',
  N: 'N',
  R: 'Y',
  Y: 'R',
  K: 'M',
  M: 'K',
  S: 'S',
  W: 'W',
  B: 'V',
  V: 'B',
  D: 'H',
  H: 'D',
}

/** 1 for the byte of a letter that may stand in a sequence, else 0. */
export const isBase = new Uint8Array(256)
const upper = new Uint8Array(256)
const complement = new Uint8Array(256)

for (const [letter, opposite] of Object.entries(COMPLEMENTS)) {
  for (const form of [letter, letter.toLowerCase()]) {
    const code = form.charCodeAt(0)
    isBase[code] = 1
    upper[code] = (letter === 'U' ? 'T' : letter).charCodeAt(0)
    complement[code] = (form === letter ? opposite : opposite.toLowerCase()).charCodeAt(0)
  }
}

/** The first place in [from, to) where no base stands, else `to`. A function of its own: the compiler makes more of a small loop. */
export function endOfBases(bytes: Uint8Array, from: number, to: number): number {
  const bases = isBase
  let i = from
  while (i < to && bases[bytes[i]] === 1) i++
  return i
}

/** `table` for two letters at a time, in whichever order the machine has them. */
export const pairTable = (table: Uint8Array): Uint16Array =>
  Uint16Array.from({ length: 65536 }, (_, pair) => table[pair & 255] | (table[pair >> 8] << 8))

/**
 * `out[outStart + t] = table[letters[start + t]]` for `count` letters; two at a time, which takes half as long, where both
 * starts are even in memory.
 */
export function translateInto(
  out: Uint8Array,
  outStart: number,
  letters: Uint8Array,
  start: number,
  count: number,
  table: Uint8Array,
  pairs: Uint16Array,
): void {
  let t = 0
  if ((out.byteOffset + outStart) % 2 === 0 && (letters.byteOffset + start) % 2 === 0) {
    const half = count >> 1
    const from = new Uint16Array(letters.buffer, letters.byteOffset + start, half)
    const to = new Uint16Array(out.buffer, out.byteOffset + outStart, half)
    for (let p = 0; p < half; p++) to[p] = pairs[from[p]]
    t = 2 * half
  }
  for (; t < count; t++) out[outStart + t] = table[letters[start + t]]
}

const upperPairs = pairTable(upper)

/** Upper-case copy of checked `bases` (ASCII), U as T. A byte that is no base becomes 0. */
export function upperBases(bases: Uint8Array): Uint8Array {
  const out = new Uint8Array(bases.length)
  translateInto(out, 0, bases, 0, bases.length, upper, upperPairs)
  return out
}

/** Reverse complement of checked `bases` (ASCII), IUPAC codes included (R <-> Y, B <-> V ...), case kept, U as T. */
export function reverseComplement(bases: Uint8Array): Uint8Array {
  const out = new Uint8Array(bases.length)
  for (let t = 0, last = bases.length - 1; t <= last; t++) out[last - t] = complement[bases[t]]
  return out
}

/** How a byte is shown in an error message: `"J"`, or `byte 0x1f` where it is not printable. */
export function showByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16).padStart(2, '0')}`
}
