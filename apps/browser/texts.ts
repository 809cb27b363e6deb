import type { Variant } from 'genoconv'

/** People count from 1; the library from 0. */
export const shownPosition = (position: number): string => (position + 1).toLocaleString('en')

/** As region text has it: 1-based, both ends included. */
export const regionText = ({ contig, start, end }: { contig: string; start: number; end: number }): string =>
  `${contig}:${shownPosition(start)}-${end.toLocaleString('en')}`

/**
 * Reads `20:14000123 A>G`, `chr20:14,000,123A>AT`, `chr20-14000123-A-G` and, where there is only one contig, `14000123 A>G`;
 * positions are 1-based. An error says what is expected.
 */
export function parseVariant(text: string, contigs: readonly { name: string; length: number }[]): Variant {
  const trimmed = text.trim()
  const match =
    /^(?:(.+)[:\s])?([\d,]+)\s*([acgtnu]+)\s*>\s*([acgtnu]+)$/i.exec(trimmed) ??
    /^(.+)-([\d,]+)-([acgtnu]+)-([acgtnu]+)$/i.exec(trimmed)
  if (!match) throw new Error(`“${trimmed}” is no variant. Expected something like 20:14000123 A>G.`)
  const [, named, digits, ref, alt] = match
  const contig = named?.trim() ?? (contigs.length === 1 ? contigs[0].name : undefined)
  if (contig === undefined) throw new Error('Which contig? Expected something like 20:14000123 A>G.')
  const known = contigs.find(({ name }) => name === contig) ?? contigs.find(({ name }) => bare(name) === bare(contig))
  if (!known) throw new Error(`There is no contig ${contig}. The file has ${someOf(contigs.map(({ name }) => name))}.`)
  const position = Number(digits.replaceAll(',', '')) - 1
  if (position < 0 || position + ref.length > known.length)
    throw new Error(
      `Position ${digits} lies outside ${known.name}, which has ${known.length.toLocaleString('en')} bases.`,
    )
  return { contig: known.name, position, ref: ref.toUpperCase(), alts: [alt.toUpperCase()] }
}

const bare = (name: string): string => name.replace(/^chr/i, '')

const someOf = (names: readonly string[]): string =>
  names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ')

/** Why an allele has no score, in words. */
export const skipWords: Readonly<Record<string, string>> = {
  'ref-mismatch': 'the reference has other bases there',
  'no-change': 'nothing changes',
  'too-long': 'the reference allele is too long for the distance',
  'bad-ref': 'the reference allele is not made of bases',
}

/** What was pasted, as a FASTA file; a bare sequence gets a name. */
export function pastedFile(text: string): File {
  const body = text.trim()
  return new File([body.startsWith('>') ? `${body}\n` : `>pasted\n${body.replace(/[\s\d]+/g, '')}\n`], 'pasted.fa')
}
