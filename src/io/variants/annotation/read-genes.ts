import { FormatError } from '../../../errors.ts'
import type { ByteSource } from '../../bytes/byte-source.ts'
import { unpackedStream } from '../../bytes/unpack.ts'
import { lines, showLine } from '../lines.ts'
import { GffReader } from './gff.ts'
import { bed12Line, tableHeader, tableLine } from './tables.ts'
import type { AnnotatedTranscript } from './transcript.ts'

/** An annotation: transcripts in the order of the file, and other names of its contigs where it gives them. */
export interface Annotation {
  readonly name: string
  readonly transcripts: readonly AnnotatedTranscript[]
  readonly contigAliases: ReadonlyMap<string, string>
}

type AddLine = (text: string, line: number) => void

/**
 * Reads genes from GFF3, GTF, BED12 or a table in SpliceAI's form, plain, gzip or BGZF; the format is told by the content.
 * FormatError naming the line where it is none of them or malformed.
 */
export async function readGenes(source: ByteSource, signal?: AbortSignal): Promise<Annotation> {
  const { name } = source
  const decoder = new TextDecoder()
  const rows: AnnotatedTranscript[] = []
  let gff: GffReader | undefined
  let add: AddLine | undefined
  for await (const { bytes, line, tail } of lines(unpackedStream(source, { signal }), name)) {
    signal?.throwIfAborted()
    if (tail) throw new FormatError({ where: `${name} line ${line}`, what: 'the line is too long for an annotation' })
    const text = decoder.decode(bytes).replace(/\r?\n$/, '')
    if (text === '##FASTA') break // what follows is sequence
    if (text.trim() === '') continue
    const places = tableHeader(text)
    if (!add && places) {
      add = (row, at) => void rows.push(tableLine(row, places, `${name} line ${at}`))
      continue
    }
    if (text.startsWith('#') || /^(track|browser)\b/.test(text)) continue
    if (!add) {
      const format = formatOf(text, `${name} line ${line}`)
      if (format === 'bed12') add = (row, at) => void rows.push(bed12Line(row, `${name} line ${at}`))
      else {
        const reader = new GffReader(name, format === 'gtf')
        gff = reader
        add = (row, at) => reader.add(row, at)
      }
    }
    add(text, line)
  }
  const transcripts = gff?.transcripts() ?? rows
  if (transcripts.length === 0)
    throw new FormatError({ where: name, what: 'no genes', expected: 'GFF3, GTF, BED12 or a gene table' })
  return { name, transcripts, contigAliases: gff?.chromosomes ?? new Map() }
}

function formatOf(text: string, where: string): 'gff3' | 'gtf' | 'bed12' {
  const fields = text.split('\t')
  if (fields.length >= 9 && /^\d+$/.test(fields[3]) && /^\d+$/.test(fields[4]))
    return /(^|;)\s*[^\s;=]+\s+"/.test(fields[8]) || !fields[8].includes('=') ? 'gtf' : 'gff3'
  if (fields.length >= 12 && /^\d+$/.test(fields[1]) && /^\d+$/.test(fields[2])) return 'bed12'
  throw new FormatError({
    where,
    what: 'unknown annotation format',
    expected: 'GFF3, GTF, BED12 or a table with the columns NAME CHROM STRAND TX_START TX_END EXON_START EXON_END',
    got: showLine(text, 60),
  })
}
