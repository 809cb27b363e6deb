import type { Contig } from '../../genome.ts'
import type { VcfHeader, VcfRecord } from './vcf-reader.ts'

const encoder = new TextEncoder()
const columns = ['#CHROM', 'POS', 'ID', 'REF', 'ALT', 'QUAL', 'FILTER', 'INFO']

/** The header of a VCF that no file has: its version, the contigs, the columns. */
export function madeHeader(contigs: readonly Contig[]): VcfHeader {
  const lines = [
    '##fileformat=VCFv4.2',
    ...contigs.map(({ name, length }) => `##contig=<ID=${name},length=${length}>`),
    columns.join('\t'),
  ]
  return { lines: lines.map((line) => encoder.encode(`${line}\n`)), infoIds: new Set(), lineEnd: '\n' }
}

/** A record of a VCF that no file has; `line` numbers it in errors. `position` is 0-based. */
export function madeRecord(
  { contig, position, ref, alts }: Pick<VcfRecord, 'contig' | 'position' | 'ref' | 'alts'>,
  line: number,
): VcfRecord {
  const before = `${contig}\t${position + 1}\t.\t${ref}\t${alts.join(',')}\t.\t.\t`
  const bytes = encoder.encode(`${before}.\n`)
  return {
    line,
    offset: 0,
    bytes,
    tail: undefined,
    where: `${contig}:${position + 1}`,
    contig,
    position,
    ref,
    alts,
    infoStart: bytes.length - 2,
    infoEnd: bytes.length - 1,
    problem: undefined,
    endsGroup: false,
  }
}
