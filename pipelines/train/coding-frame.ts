/** Shortest reading frame that is believed, in bases. */
const leastBases = 180
const stops = new Set(['TAA', 'TAG', 'TGA'].map(codeOf))
const start = codeOf('ATG')

/** A codon as a number, bases 0..3 as A C G T. */
function codeOf(codon: string): number {
  return [...codon].reduce((sum, letter) => sum * 5 + 'ACGT'.indexOf(letter), 0)
}

/** The longest frame from ATG to a stop, both counted, of a spliced transcript: half-open, or undefined. Codes 0..3, 4 unknown. */
export function codingFrame(transcript: Uint8Array): { readonly start: number; readonly end: number } | undefined {
  let best: { start: number; end: number } | undefined
  for (let frame = 0; frame < 3; frame++) {
    let from = -1
    for (let i = frame; i + 2 < transcript.length; i += 3) {
      const codon = transcript[i] * 25 + transcript[i + 1] * 5 + transcript[i + 2]
      if (from < 0 && codon === start) from = i
      else if (from >= 0 && stops.has(codon)) {
        if (!best || i + 3 - from > best.end - best.start) best = { start: from, end: i + 3 }
        from = -1
      }
    }
  }
  return best && best.end - best.start >= leastBases ? best : undefined
}
