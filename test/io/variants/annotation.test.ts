import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GeneIndex } from '../../../src/io/variants/annotation/gene-index.ts'
import { openGenes } from '../../../src/io/variants/annotation/open-genes.ts'
import {
  type AnnotatedTranscript,
  chooseTranscripts,
  type TranscriptChoice,
} from '../../../src/io/variants/annotation/transcript.ts'

const tabbed = (text: string): string =>
  `${text
    .trim()
    .split('\n')
    .map((line) => line.trim().replaceAll(/ {2,}/g, '\t'))
    .join('\n')}\n`
const open = (text: string | Uint8Array) => openGenes(new File([text as never], 'genes'))
const show = ({ gene, id, contig, strand, start, end, exonStarts, exonEnds }: AnnotatedTranscript): string =>
  `${gene} ${id} ${contig}${strand} ${start}-${end} ${exonStarts.map((s, i) => `${s}-${exonEnds[i]}`).join(' ')}`
async function chosen(text: string, choice: TranscriptChoice = 'canonical'): Promise<string[]> {
  const { transcripts } = await open(tabbed(text))
  return (chooseTranscripts(transcripts, choice) as AnnotatedTranscript[]).map(show)
}

// Lines in the form of the real files, coordinates shortened.
const gencodeGff3 = `
##gff-version 3
#description: evidence-based annotation
chr1  HAVANA  gene  101  900  .  +  .  ID=ENSG1.5;gene_id=ENSG1.5;gene_type=protein_coding;gene_name=ABC1;level=2
chr1  HAVANA  transcript  101  900  .  +  .  ID=ENST1.2;Parent=ENSG1.5;gene_id=ENSG1.5;transcript_id=ENST1.2;gene_name=ABC1;tag=basic
chr1  HAVANA  exon  101  900  .  +  .  ID=exon:ENST1.2:1;Parent=ENST1.2;gene_id=ENSG1.5
chr1  HAVANA  CDS  101  900  .  +  0  ID=CDS:ENST1.2;Parent=ENST1.2
chr1  HAVANA  transcript  101  500  .  +  .  ID=ENST2.1;Parent=ENSG1.5;transcript_id=ENST2.1;gene_name=ABC1;tag=basic,Ensembl_canonical,MANE_Select,appris_principal_1
chr1  HAVANA  exon  101  200  .  +  .  ID=exon:ENST2.1:1;Parent=ENST2.1
chr1  HAVANA  exon  401  500  .  +  .  ID=exon:ENST2.1:2;Parent=ENST2.1
chr1  HAVANA  CDS  150  200  .  +  0  ID=CDS:ENST2.1;Parent=ENST2.1
chr1  HAVANA  stop_codon  498  500  .  +  0  ID=stop_codon:ENST2.1;Parent=ENST2.1`
const ensemblGff3 = `
##gff-version 3
##sequence-region   1 1 248956422
1  GRCh38  chromosome  1  1000  .  .  .  ID=chromosome:1;Alias=CM000663.2
###
1  havana  ncRNA_gene  11  50  .  -  .  ID=gene:ENSG9;biotype=lncRNA;gene_id=ENSG9;version=1
1  havana  lnc_RNA  11  50  .  -  .  ID=transcript:ENST9;Parent=gene:ENSG9;tag=Ensembl_canonical,basic;transcript_id=ENST9
1  havana  exon  31  50  .  -  .  Parent=transcript:ENST9;Name=ENSE1;rank=1
1  havana  exon  11  20  .  -  .  Parent=transcript:ENST9;Name=ENSE2;rank=2
###
1  ensembl_havana  gene  101  200  .  +  .  ID=gene:ENSG8;Name=XYZ%2C2;gene_id=ENSG8
1  ensembl_havana  mRNA  101  150  .  +  .  ID=transcript:ENST8;Parent=gene:ENSG8;transcript_id=ENST8
1  ensembl_havana  exon  101  150  .  +  .  Parent=transcript:ENST8
1  ensembl_havana  CDS  101  120  .  +  0  Parent=transcript:ENST8
1  ensembl_havana  mRNA  101  200  .  +  .  ID=transcript:ENST7;Parent=gene:ENSG8;transcript_id=ENST7
1  ensembl_havana  exon  101  200  .  +  .  Parent=transcript:ENST7
1  ensembl_havana  CDS  101  130  .  +  0  Parent=transcript:ENST7
1  .  biological_region  1  5  0.9  +  .  external_name=x`
const refseqGff3 = `
##gff-version 3
NC_000020.11  RefSeq  region  1  1000  .  +  .  ID=NC_000020.11:1..1000;Name=20;chromosome=20;gbkey=Src;genome=chromosome
NC_000020.11  BestRefSeq  gene  101  300  .  -  .  ID=gene-AVP;Dbxref=GeneID:551;Name=AVP;gbkey=Gene;gene=AVP
NC_000020.11  BestRefSeq  mRNA  101  300  .  -  .  ID=rna-NM_000490.5;Parent=gene-AVP;Name=NM_000490.5;gene=AVP;tag=MANE Select;transcript_id=NM_000490.5
NC_000020.11  BestRefSeq  exon  251  300  .  -  .  ID=exon-NM_000490.5-1;Parent=rna-NM_000490.5;gene=AVP
NC_000020.11  BestRefSeq  exon  101  150  .  -  .  ID=exon-NM_000490.5-2;Parent=rna-NM_000490.5;gene=AVP
NC_000020.11  Gnomon  mRNA  101  300  .  -  .  ID=rna-XM_1.1;Parent=gene-AVP;gene=AVP;transcript_id=XM_1.1
NC_000020.11  Gnomon  exon  101  300  .  -  .  ID=exon-XM_1.1-1;Parent=rna-XM_1.1;gene=AVP
NC_000020.11  Curated Genomic  pseudogene  401  450  .  +  .  ID=gene-PS1;Name=PS1;gene=PS1;pseudo=true
NC_000020.11  Curated Genomic  exon  401  420  .  +  .  ID=id-PS1;Parent=gene-PS1;gene=PS1
NC_000020.11  RefSeq  cDNA_match  1  50  .  +  .  ID=x;Target=NM_1 1 50`
const gencodeGtf = `
##format: gtf
chr1  HAVANA  gene  101  900  .  +  .  gene_id "ENSG1.5"; gene_type "protein_coding"; gene_name "AB;C"; level 2;
chr1  HAVANA  transcript  101  900  .  +  .  gene_id "ENSG1.5"; transcript_id "ENST1.2"; gene_name "AB;C"; tag "basic";
chr1  HAVANA  exon  101  900  .  +  .  gene_id "ENSG1.5"; transcript_id "ENST1.2"; exon_number 1; gene_name "AB;C";
chr1  HAVANA  transcript  301  500  .  +  .  gene_id "ENSG1.5"; transcript_id "ENST2.1"; gene_name "AB;C"; tag "basic"; tag "Ensembl_canonical";
chr1  HAVANA  exon  301  500  .  +  .  gene_id "ENSG1.5"; transcript_id "ENST2.1"; gene_name "AB;C";`
const refseqGtf = `
#gtf-version 2.2
NC_1  BestRefSeq  gene  101  300  .  -  .  gene_id "AVP"; transcript_id ""; db_xref "GeneID:551"; gene "AVP"; gbkey "Gene";
NC_1  BestRefSeq  transcript  101  300  .  -  .  gene_id "AVP"; transcript_id "XM_1"; gene "AVP";
NC_1  BestRefSeq  exon  101  300  .  -  .  gene_id "AVP"; transcript_id "XM_1"; gene "AVP";
NC_1  BestRefSeq  transcript  101  200  .  -  .  gene_id "AVP"; transcript_id "NM_1"; gene "AVP"; tag "MANE Select";
NC_1  BestRefSeq  exon  101  200  .  -  .  gene_id "AVP"; transcript_id "NM_1"; gene "AVP"; tag "MANE Select";`
const exonsOnlyGtf = `
1  x  exon  11  20  .  +  .  gene_id "g"; transcript_id "t1";
1  x  exon  31  40  .  +  .  gene_id "g"; transcript_id "t1";
1  x  exon  11  15  .  +  .  gene_id "g"; transcript_id "t2";`

describe('annotations as they are downloaded', () => {
  it.each([
    ['GENCODE GFF3', gencodeGff3, ['ABC1 ENST2.1 chr1+ 100-500 100-200 400-500']],
    ['Ensembl GFF3', ensemblGff3, ['ENSG9 ENST9 1- 10-50 10-20 30-50', 'XYZ,2 ENST7 1+ 100-200 100-200']],
    [
      'RefSeq GFF3',
      refseqGff3,
      ['AVP NM_000490.5 NC_000020.11- 100-300 100-150 250-300', 'PS1 undefined NC_000020.11+ 400-450 400-420'],
    ],
    ['GENCODE GTF', gencodeGtf, ['AB;C ENST2.1 chr1+ 300-500 300-500']],
    ['RefSeq GTF', refseqGtf, ['AVP NM_1 NC_1- 100-200 100-200']],
    ['GTF with exons alone', exonsOnlyGtf, ['g t1 1+ 10-40 10-20 30-40']],
    [
      'BED12',
      '1  10  40  TX1  0  +  12  38  0  2  10,10,  0,20,\n1  10  20  TX1  0  +  10  10  0  1  10  0',
      ['TX1 TX1 1+ 10-40 10-20 30-40'],
    ],
    [
      "SpliceAI's table, more columns",
      '#NAME  CHROM  STRAND  TX_START  TX_END  EXON_START  EXON_END  NOTE\nA  1  -  10  40  10,30,  20,40,  x\nA  1  -  11  40  11,  40,  y',
      ['A undefined 1- 10-40 10-20 30-40', 'A undefined 1- 11-40 11-40'],
    ],
  ])('%s', async (_, text, expected) => {
    expect(await chosen(text)).toEqual(expected)
  })
  it('all transcripts, or those named, with or without a version', async () => {
    expect(await chosen(gencodeGff3, 'all')).toHaveLength(2)
    expect(await chosen(gencodeGff3, ['ENST1'])).toEqual(['ABC1 ENST1.2 chr1+ 100-900 100-900'])
    expect(await chosen(gencodeGff3, ['ENST1.2', 'x'])).toHaveLength(1)
  })
  it("RefSeq's accessions come with their chromosomes", async () => {
    expect([...(await open(tabbed(refseqGff3))).contigAliases]).toEqual([['NC_000020.11', '20']])
  })
  it('CRLF and gzip', async () => {
    const text = tabbed(gencodeGff3)
    const plain = await open(text)
    for (const other of [text.replaceAll('\n', '\r\n'), gzipSync(text)])
      expect((await open(other)).transcripts).toEqual(plain.transcripts)
  })
})

describe('errors name file and line', () => {
  it.each([
    ['', 'genes: no genes'],
    ['hello', 'genes line 1: unknown annotation format'],
    [
      '1  x  gene  5  4  .  +  .  ID=a',
      'genes line 1: malformed GFF3 line: expected whole numbers with 1 <= start <= end in columns 4 and 5, got 5-4',
    ],
    [
      '1  x  mRNA  5  40  .  +  .  ID=a\n1  x  exon  4  20  .  +  .  Parent=a',
      'genes line 2: an exon outside its transcript a: expected within 5-40, got 4-20',
    ],
    [
      '1  x  gene  5  40  .  +  .  ID=a\nrest',
      'genes line 2: malformed GFF3 line: expected 9 columns, separated by tabs, got 1',
    ],
    [
      '1  10  40  T  0  +  12  38  0  2  10,  0,20,',
      'genes line 1: malformed BED12: expected 2 blocks, got 1 sizes and 2 starts',
    ],
    [
      '1  10  40  T  0  +  12  38  0  1  10,  25,',
      'genes line 1: malformed exon outside its gene: expected within 10-40, got 35-45',
    ],
    [
      '#NAME  CHROM  STRAND  TX_START  TX_END  EXON_START  EXON_END\nA  1  ?  1  2  1  2',
      'genes line 2: malformed gene table line: expected + or - as strand, got ?',
    ],
  ])('%#', async (text, message) => {
    await expect(open(text === '' ? '#\n' : tabbed(text))).rejects.toThrow(message)
  })
})

describe('the index', () => {
  const geneAt = (start: number, end: number, contig = 'c') => ({
    gene: `${start}-${end}`,
    id: undefined,
    contig,
    strand: '+' as const,
    start,
    end,
    exonStarts: [],
    exonEnds: [],
  })
  it('finds what a look at every gene finds, in the same order', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 3_000_000 }))
    const genes = fc.array(
      fc.tuple(fc.nat(4_000_000), size).map(([start, length]) => geneAt(start, start + length)),
      { maxLength: 50 },
    )
    fc.assert(
      fc.property(genes, fc.array(fc.nat(5_000_000), { maxLength: 20 }), (all, positions) => {
        const index = new GeneIndex(all)
        const places = [...positions, ...all.flatMap(({ start, end }) => [start - 1, start, end - 1, end])]
        for (const position of places)
          expect(index.at('c', position)).toEqual(all.filter((g) => g.start <= position && position < g.end))
        expect(index.at('d', 5)).toEqual([])
      }),
    )
  })
})
