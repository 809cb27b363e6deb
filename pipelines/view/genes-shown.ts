import type { Gene, Span } from '../../apps/view/source.ts'
import { FormatError } from '../../src/errors.ts'
import { nameSome } from '../../src/io/fasta/names.ts'
import { openGenes } from '../../src/io/variants/annotation/open-genes.ts'
import { chooseTranscripts, type Transcript } from '../../src/io/variants/annotation/transcript.ts'
import { matchContig } from '../../src/io/variants/contig-names.ts'

/** A picture with more shows too little of each. */
const mostShown = 3000

/** The genes of an annotation, one transcript each, under the contig names of the predictions. */
export class GenesShown {
  readonly #byContig = new Map<string, Transcript[]>()

  /** @throws FormatError where the annotation cannot be read or has no gene on any of `contigs` */
  static async open(path: string, contigs: readonly string[], signal?: AbortSignal): Promise<GenesShown> {
    const annotation = await openGenes(path, { signal })
    const known = new Set(contigs)
    const genes = new GenesShown()
    const missing = new Set<string>()
    for (const transcript of chooseTranscripts(annotation.transcripts, 'canonical')) {
      const alias = annotation.contigAliases.get(transcript.contig)
      const name =
        matchContig(transcript.contig, known) ?? (alias === undefined ? undefined : matchContig(alias, known))
      if (name === undefined) missing.add(transcript.contig)
      else genes.#add(name, transcript)
    }
    if (genes.#byContig.size > 0) return genes
    throw new FormatError({
      where: path,
      what: 'no gene on any contig of the predictions',
      expected: nameSome([...known]),
      got: nameSome([...missing]),
      remedy: 'give the annotation of this assembly',
    })
  }

  #add(contig: string, transcript: Transcript): void {
    const genes = this.#byContig.get(contig)
    if (genes) genes.push(transcript)
    else this.#byContig.set(contig, [transcript])
  }

  /** Genes that meet the span; of very many the longest. */
  in({ contig, start, end }: Span): Gene[] {
    const found = (this.#byContig.get(contig) ?? []).filter((gene) => gene.start < end && start < gene.end)
    const shown =
      found.length > mostShown ? found.sort((a, b) => b.end - b.start - (a.end - a.start)).slice(0, mostShown) : found
    return shown.map(({ gene, strand, start, end, exonStarts, exonEnds }) => ({
      name: gene,
      strand,
      start,
      end,
      exonStarts,
      exonEnds,
    }))
  }

  /** The gene of this name, in capitals or not, or the first whose name begins so. */
  find(text: string): Span | undefined {
    const wanted = text.trim().toLowerCase()
    if (wanted === '') return undefined
    let begins: Span | undefined
    for (const [contig, genes] of this.#byContig)
      for (const { gene, id, start, end } of genes) {
        const name = gene.toLowerCase()
        if (name === wanted || id?.toLowerCase() === wanted) return { contig, start, end }
        if (name.startsWith(wanted)) begins ??= { contig, start, end }
      }
    return begins
  }
}
