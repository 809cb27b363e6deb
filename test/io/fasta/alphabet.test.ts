import { expect, test } from 'vitest'
import { isBase, reverseComplement, upperBases } from '../../../src/io/fasta/alphabet.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bases: Uint8Array): string => new TextDecoder().decode(bases)

test('the alphabet is ACGTU, N and the IUPAC codes in both cases, and nothing else', () => {
  const letters = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => isBase[byte] === 1)
  expect(String.fromCharCode(...letters)).toBe('ABCDGHKMNRSTUVWYabcdghkmnrstuvwy')
})

test('upper case, U as T', () => {
  expect(text(upperBases(bytes('acgtuACGTUnRyk')))).toBe('ACGTTACGTTNRYK')
  expect(upperBases(new Uint8Array(0))).toHaveLength(0)
})

test('the reverse complement keeps case and complements every IUPAC code', () => {
  expect(text(reverseComplement(bytes('ACGTUNRYKMSWBDHV')))).toBe('BDHVWSKMRYNAACGT')
  expect(text(reverseComplement(bytes('aCgTn')))).toBe('nAcGt')
})

test('the complement of each code is the set of complements of the bases it stands for', () => {
  const sets: Record<string, string> = {
    A: 'A',
    C: 'C',
    G: 'G',
    T: 'T',
    N: 'ACGT',
    R: 'AG',
    Y: 'CT',
    K: 'GT',
    M: 'AC',
    S: 'CG',
    W: 'AT',
    B: 'CGT',
    D: 'AGT',
    H: 'ACT',
    V: 'ACG',
  }
  const opposite: Record<string, string> = { A: 'T', C: 'G', G: 'C', T: 'A' }
  for (const [code, set] of Object.entries(sets)) {
    const expected = [...set]
      .map((base) => opposite[base])
      .sort()
      .join('')
    expect(sets[text(reverseComplement(bytes(code)))], code).toBe(expected)
  }
})
