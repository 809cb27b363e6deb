/** How each model family numbers bases. Input: ASCII letters of either case; U counts as T; all else is unknown. */

function table(codes: Readonly<Record<string, number>>, unknown: number): Float32Array {
  const out = new Float32Array(256).fill(unknown)
  for (const [letter, code] of Object.entries(codes)) {
    out[letter.charCodeAt(0)] = code
    out[letter.toLowerCase().charCodeAt(0)] = code
  }
  return out
}

/** A C G T -> 0 1 2 3, N, IUPAC codes and padding -> 4: rows of a one-hot table whose last row is all zeros. */
export const spliceCodes = table({ A: 0, C: 1, G: 2, T: 3, U: 3 }, 4)
export const spliceUnknownCode = 4

/** HyenaDNA's character tokenizer: A C G T N -> 7 8 9 10 11, everything else -> 6 `[UNK]`. */
export const hyenaCodes = table({ A: 7, C: 8, G: 9, T: 10, U: 10, N: 11 }, 6)
/** Rows of A, C, G, T in HyenaDNA's vocabulary. */
export const hyenaBaseRows = [7, 8, 9, 10] as const

/** A C G T (U) -> 0 1 2 3; everything else -> -1. */
export const baseIndex: Int8Array = Int8Array.from(spliceCodes, (code) => (code === spliceUnknownCode ? -1 : code))

/** Codes of ASCII letters, at the front of `codes`. (`Float32Array.from` with a function takes 25 times as long.) */
export function encode(
  letters: Uint8Array,
  codeOf: Float32Array,
  codes: Float32Array = new Float32Array(letters.length),
): Float32Array {
  for (let i = 0; i < letters.length; i++) codes[i] = codeOf[letters[i]]
  return codes
}
