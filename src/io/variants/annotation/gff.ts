import { FormatError } from '../../../errors.ts'
import type { Strand } from '../../../genome.ts'
import type { AnnotatedTranscript } from './transcript.ts'

interface Feature {
  readonly contig: string
  readonly type: string
  readonly start: number
  readonly end: number
  readonly strand: string
  readonly attributes: ReadonlyMap<string, string>
}

/** A gene or transcript while its lines are read; exons and coding parts may come before it. */
interface Node {
  key: string
  parent: string | undefined
  contig: string
  strand: string
  /** Undefined until its own line is read. */
  start: number | undefined
  end: number
  isGene: boolean
  name: string | undefined
  id: string | undefined
  rank: number
  readonly exons: { readonly start: number; readonly end: number; readonly line: number }[]
  codingBases: number
}

const geneType = /(^|_)(gene|pseudogene)$/i
const transcriptType = /(transcript|RNA|_segment|pseudogenic_transcript)$/i

/**
 * Collects the transcripts of a GFF3 or GTF file, line by line, by the conventions of GENCODE, Ensembl and RefSeq. What is
 * neither gene, transcript, exon nor CDS is passed over; so are genes without a strand.
 */
export class GffReader {
  readonly #name: string
  readonly #isGtf: boolean
  readonly #nodes = new Map<string, Node>()
  /** RefSeq: accession -> chromosome, from its `region` lines. */
  readonly #chromosomes = new Map<string, string>()

  constructor(name: string, isGtf: boolean) {
    this.#name = name
    this.#isGtf = isGtf
  }

  /** Takes a line that is no comment. FormatError naming the line for one that is malformed. */
  add(text: string, line: number): void {
    const feature = this.#parse(text, line)
    const { type, attributes } = feature
    if (type === 'exon' || type === 'CDS') this.#addPart(feature, line)
    else if (this.#isGtf) this.#addGtfFeature(feature)
    else if (geneType.test(type) || transcriptType.test(type)) this.#addGffFeature(feature)
    else if (type === 'region' && attributes.get('genome') === 'chromosome') {
      const chromosome = attributes.get('chromosome')
      if (chromosome) this.#chromosomes.set(feature.contig, chromosome)
    }
  }

  /** Other names of contigs that the file gives. */
  get chromosomes(): ReadonlyMap<string, string> {
    return this.#chromosomes
  }

  /** All transcripts in the order of the file. FormatError for exons outside their transcript. */
  transcripts(): AnnotatedTranscript[] {
    const found: AnnotatedTranscript[] = []
    const withTranscripts = new Set<string>()
    for (const { parent, isGene } of this.#nodes.values()) if (!isGene && parent) withTranscripts.add(parent)
    for (const node of this.#nodes.values()) {
      if (node.isGene && (withTranscripts.has(node.key) || node.start === undefined)) continue
      const transcript = this.#transcriptOf(node)
      if (transcript) found.push(transcript)
    }
    return found
  }

  #transcriptOf(node: Node): AnnotatedTranscript | undefined {
    if (node.strand !== '+' && node.strand !== '-') return undefined
    // Without a line of its own: an orphan in GFF3; in GTF what its exons say.
    if (node.start === undefined && (!this.#isGtf || node.exons.length === 0)) return undefined
    const exons = node.exons.toSorted((a, b) => a.start - b.start)
    const start = node.start ?? exons[0].start
    const end = node.start === undefined ? Math.max(...exons.map((exon) => exon.end)) : node.end
    for (const exon of exons) {
      if (exon.start >= start && exon.end <= end) continue
      throw new FormatError({
        where: `${this.#name} line ${exon.line}`,
        what: `an exon outside its transcript ${node.id ?? node.key}`,
        expected: `within ${start + 1}-${end}`,
        got: `${exon.start + 1}-${exon.end}`,
      })
    }
    const gene = this.#geneOf(node)
    return {
      gene: gene.name ?? node.name ?? gene.id ?? node.id ?? node.key,
      id: node.isGene ? undefined : node.id,
      contig: node.contig,
      strand: node.strand as Strand,
      start,
      end,
      exonStarts: exons.length > 0 ? exons.map((exon) => exon.start) : [start],
      exonEnds: exons.length > 0 ? exons.map((exon) => exon.end) : [end],
      geneKey: gene.key,
      rank: node.rank,
      codingBases: node.codingBases,
    }
  }

  /** A transcript may belong to another transcript (a microRNA to its precursor). */
  #geneOf(node: Node): Node {
    let gene = node
    for (let i = 0; i < 4 && gene.parent !== undefined; i++) gene = this.#nodes.get(gene.parent) ?? gene
    return gene
  }

  #addGffFeature({ contig, type, start, end, strand, attributes }: Feature): void {
    const id = attributes.get('ID')
    if (id === undefined) return // nothing can belong to it
    const isGene = geneType.test(type)
    const parent = attributes.get('Parent')
    const node = this.#node(`${contig} ${id}`, contig, strand)
    node.isGene = isGene && parent === undefined
    if (!node.isGene && parent !== undefined) node.parent = `${contig} ${parent}`
    node.id = attributes.get(isGene ? 'gene_id' : 'transcript_id') ?? id.replace(/^(gene|transcript|rna)[:-]/, '')
    node.name = attributes.get('gene_name') ?? (isGene ? attributes.get('Name') : undefined) ?? attributes.get('gene')
    this.#place(node, start, end, attributes)
  }

  #addGtfFeature({ contig, type, start, end, strand, attributes }: Feature): void {
    const geneId = attributes.get('gene_id')
    if (geneId === undefined) return
    const transcriptId = attributes.get('transcript_id')
    const geneKey = `${contig} ${geneId}`
    if (type === 'gene') {
      const node = this.#node(geneKey, contig, strand)
      node.isGene = true
      node.id = geneId
      node.name = attributes.get('gene_name') ?? attributes.get('gene')
      this.#place(node, start, end, attributes)
    } else if (transcriptType.test(type) && transcriptId) {
      this.#place(this.#gtfTranscript(geneId, transcriptId, contig, strand, attributes), start, end, attributes)
    }
  }

  #gtfTranscript(
    geneId: string,
    transcriptId: string,
    contig: string,
    strand: string,
    attributes: ReadonlyMap<string, string>,
  ): Node {
    const node = this.#node(`${contig} ${geneId} ${transcriptId}`, contig, strand)
    node.isGene = false
    node.id = transcriptId
    node.name ??= attributes.get('gene_name') ?? attributes.get('gene') ?? geneId
    node.parent = `${contig} ${geneId}`
    if (!this.#nodes.has(node.parent)) this.#node(node.parent, contig, strand).name = node.name
    return node
  }

  #addPart({ contig, type, start, end, strand, attributes }: Feature, line: number): void {
    const owners: Node[] = []
    if (this.#isGtf) {
      const [geneId, transcriptId] = [attributes.get('gene_id'), attributes.get('transcript_id')]
      if (!geneId || !transcriptId) return
      owners.push(this.#gtfTranscript(geneId, transcriptId, contig, strand, attributes))
    } else {
      for (const parent of attributes.get('Parent')?.split(',') ?? [])
        owners.push(this.#node(`${contig} ${parent}`, contig, strand))
    }
    for (const owner of owners) {
      if (owner.strand !== strand) continue // trans-spliced from the other strand
      if (type === 'exon') owner.exons.push({ start, end, line })
      else owner.codingBases += end - start
    }
  }

  #node(key: string, contig: string, strand: string): Node {
    const known = this.#nodes.get(key)
    if (known) return known
    const node: Node = {
      key,
      parent: undefined,
      contig,
      strand,
      start: undefined,
      end: 0,
      isGene: false,
      name: undefined,
      id: undefined,
      rank: 0,
      exons: [],
      codingBases: 0,
    }
    this.#nodes.set(key, node)
    return node
  }

  /** A feature of several lines (a trans-spliced gene) reaches from the first to the last. */
  #place(node: Node, start: number, end: number, attributes: ReadonlyMap<string, string>): void {
    node.end = node.start === undefined ? end : Math.max(node.end, end)
    node.start = Math.min(node.start ?? start, start)
    const tags = (attributes.get('tag') ?? '').split(',').map((tag) => tag.trim().replaceAll(' ', '_'))
    if (tags.includes('MANE_Select')) node.rank = 2
    else if (tags.includes('Ensembl_canonical') || tags.includes('RefSeq_Select')) node.rank = Math.max(node.rank, 1)
  }

  #parse(text: string, line: number): Feature {
    const fields = text.split('\t')
    const where = `${this.#name} line ${line}`
    const kind = this.#isGtf ? 'GTF' : 'GFF3'
    if (fields.length < 9)
      throw new FormatError({
        where,
        what: `malformed ${kind} line`,
        expected: '9 columns, separated by tabs',
        got: `${fields.length}`,
      })
    const [start, end] = [fields[3], fields[4]].map((field) => (/^\d{1,15}$/.test(field) ? Number(field) : Number.NaN))
    if (!(start >= 1 && end >= start))
      throw new FormatError({
        where,
        what: `malformed ${kind} line`,
        expected: 'whole numbers with 1 <= start <= end in columns 4 and 5',
        got: `${fields[3].slice(0, 20)}-${fields[4].slice(0, 20)}`,
      })
    return {
      contig: this.#isGtf ? fields[0] : decodePercent(fields[0]),
      type: fields[2],
      start: start - 1,
      end,
      strand: fields[6],
      attributes: this.#isGtf ? gtfAttributes(fields[8]) : gffAttributes(fields[8]),
    }
  }
}

/** `key=value;key=value`, percent-encoded; the first of a key that is given twice. */
function gffAttributes(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const entry of text.split(';')) {
    const equals = entry.indexOf('=')
    if (equals < 1) continue
    const key = entry.slice(0, equals).trim()
    if (!found.has(key)) found.set(key, decodePercent(entry.slice(equals + 1).trim()))
  }
  return found
}

/** `key "value"; key value;`: values may hold semicolons between their quotes; those of a repeated key are joined. */
function gtfAttributes(text: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [, key, quoted, bare] of text.matchAll(/([^\s;]+)\s+(?:"([^"]*)"|([^";\s]+))/g)) {
    const value = quoted ?? bare
    const known = found.get(key)
    if (value !== '') found.set(key, known === undefined ? value : `${known},${value}`)
  }
  return found
}

const decodePercent = (text: string): string =>
  text.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
