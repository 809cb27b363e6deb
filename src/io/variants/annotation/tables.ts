import { FormatError } from '../../../errors.ts'
import type { Strand } from '../../../genome.ts'
import type { AnnotatedTranscript } from './transcript.ts'

/** Columns of SpliceAI's annotation table, by the names in its header (a leading # or not); starts are 0-based. */
const tableColumns = ['NAME', 'CHROM', 'STRAND', 'TX_START', 'TX_END', 'EXON_START', 'EXON_END'] as const

/** Column of each name of a table's header; undefined where the line is no such header. */
export function tableHeader(text: string): readonly number[] | undefined {
  const names = text.replace(/^#/, '').split('\t')
  const places = tableColumns.map((name) => names.indexOf(name))
  return places.every((place) => place >= 0) ? places : undefined
}

/** A line of a table in SpliceAI's form. Every line counts: it is a gene of its own. */
export function tableLine(text: string, places: readonly number[], where: string): AnnotatedTranscript {
  const fields = text.split('\t')
  const field = (i: number): string => fields[places[i]] ?? ''
  if (fields.length <= Math.max(...places))
    throw malformed(where, 'gene table', `${Math.max(...places) + 1} columns`, `${fields.length}`)
  const strand = checkedStrand(field(2), where, 'gene table')
  const start = whole(field(3), where, 'gene table')
  const end = whole(field(4), where, 'gene table')
  const exonStarts = numberList(field(5), where, 'gene table')
  const exonEnds = numberList(field(6), where, 'gene table')
  return checked(
    { gene: field(0), id: undefined, contig: field(1), strand, start, end, exonStarts, exonEnds },
    { geneKey: where, codingBases: 0 },
    where,
  )
}

/** A BED12 line; those of one name are transcripts of one gene. */
export function bed12Line(text: string, where: string): AnnotatedTranscript {
  const fields = text.split('\t')
  if (fields.length < 12) throw malformed(where, 'BED12', '12 columns, separated by tabs', `${fields.length}`)
  const start = whole(fields[1], where, 'BED12')
  const end = whole(fields[2], where, 'BED12')
  const sizes = numberList(fields[10], where, 'BED12')
  const offsets = numberList(fields[11], where, 'BED12')
  const blockCount = whole(fields[9], where, 'BED12')
  if (sizes.length !== blockCount || offsets.length !== blockCount)
    throw malformed(where, 'BED12', `${blockCount} blocks`, `${sizes.length} sizes and ${offsets.length} starts`)
  const [codingStart, codingEnd] = [whole(fields[6], where, 'BED12'), whole(fields[7], where, 'BED12')]
  const exonStarts = offsets.map((offset) => start + offset)
  const exonEnds = exonStarts.map((exonStart, i) => exonStart + sizes[i])
  const codingBases = exonStarts.reduce(
    (sum, exonStart, i) => sum + Math.max(0, Math.min(exonEnds[i], codingEnd) - Math.max(exonStart, codingStart)),
    0,
  )
  const strand = checkedStrand(fields[5], where, 'BED12')
  const name = fields[3] === '' || fields[3] === '.' ? `${fields[0]}:${start}-${end}` : fields[3]
  return checked(
    { gene: name, id: name, contig: fields[0], strand, start, end, exonStarts, exonEnds },
    { geneKey: `${fields[0]} ${strand} ${name}`, codingBases },
    where,
  )
}

function checked(
  transcript: Omit<AnnotatedTranscript, 'rank' | 'geneKey' | 'codingBases'>,
  more: { readonly geneKey: string; readonly codingBases: number },
  where: string,
): AnnotatedTranscript {
  const { start, end, exonStarts, exonEnds } = transcript
  if (start >= end) throw malformed(where, 'transcript', 'start < end', `${start}-${end}`)
  if (exonStarts.length !== exonEnds.length)
    throw malformed(where, 'transcript', `${exonStarts.length} exon ends`, `${exonEnds.length}`)
  exonStarts.forEach((exonStart, i) => {
    if (exonStart >= start && exonEnds[i] <= end && exonStart < exonEnds[i]) return
    throw malformed(where, 'exon outside its gene', `within ${start}-${end}`, `${exonStart}-${exonEnds[i]}`)
  })
  return { ...transcript, ...more, rank: 0 }
}

const malformed = (where: string, what: string, expected: string, got: string): FormatError =>
  new FormatError({ where, what: `malformed ${what}`, expected, got })

function whole(field: string, where: string, what: string): number {
  const value = /^\s*\d{1,15}\s*$/.test(field) ? Number(field) : Number.NaN
  if (Number.isNaN(value)) throw malformed(where, `${what} line`, 'a whole number', field.slice(0, 40) || 'nothing')
  return value
}

const numberList = (field: string, where: string, what: string): number[] =>
  field
    .split(',')
    .filter((item) => item.trim() !== '')
    .map((item) => whole(item, where, what))

function checkedStrand(field: string, where: string, what: string): Strand {
  if (field !== '+' && field !== '-') throw malformed(where, `${what} line`, '+ or - as strand', field || 'nothing')
  return field
}
