import type { Genome } from '../../src/genome.ts'

/** A genome of strings, for tests of what happens around reading. */
export function memoryGenome(
  records: Readonly<Record<string, string>>,
  options: { isRandomAccess?: boolean; pieceBases?: number; name?: string } = {},
): Genome {
  const { isRandomAccess = true, pieceBases = 7, name = 'memory.fa' } = options
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  return {
    name,
    byteCount: undefined,
    isRandomAccess,
    contigs: async () => Object.entries(records).map(([contig, text]) => ({ name: contig, length: text.length })),
    async read({ contig, start, end }) {
      if (!isRandomAccess) throw new Error('not a random access genome')
      if (start < 0 || end > records[contig].length) throw new Error('outside the contig')
      return encode(records[contig].slice(start, end))
    },
    async *chunks() {
      for (const [contig, text] of Object.entries(records)) {
        for (let start = 0; start < text.length; start += pieceBases) {
          yield { contig, start, bases: encode(text.slice(start, start + pieceBases)), isContigEnd: false }
        }
        yield { contig, start: text.length, bases: new Uint8Array(0), isContigEnd: true }
      }
    },
    async close() {},
  }
}

/** `length` letters, seeded, with some N, lower case and IUPAC codes among them. */
export function randomSequence(length: number, seed: number): string {
  let state = seed * 2654435761 + 1
  let text = ''
  for (let t = 0; t < length; t++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    text += 'ACGTACGTACGTACGTacgtacgtNRU'[(state >>> 8) % 27]
  }
  return text
}
