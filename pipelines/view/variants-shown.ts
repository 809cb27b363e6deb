import { thinVariants } from '../../apps/view/memory-source.ts'
import type { ShownVariant, Span } from '../../apps/view/source.ts'
import { FormatError } from '../../src/errors.ts'
import { openLocalFile } from '../../src/io/bytes/local-file.ts'
import { nameSome } from '../../src/io/fasta/names.ts'
import { matchContig } from '../../src/io/variants/contig-names.ts'
import { readVcf, type VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import { effectOf } from './variant-effect.ts'

const decoder = new TextDecoder()

/** The variants of a VCF, with the largest change of each where it was scored. */
export class VariantsShown {
  /** In ascending order of position. */
  readonly #byContig = new Map<string, ShownVariant[]>()

  /** @throws FormatError where it is no VCF or has no variant on any of `contigs` */
  static async open(path: string, contigs: readonly string[], signal?: AbortSignal): Promise<VariantsShown> {
    const known = new Set(contigs)
    const shown = new VariantsShown()
    const missing = new Set<string>()
    const source = await openLocalFile(path)
    try {
      const { records } = await readVcf(source, { signal })
      for await (const record of records) {
        if (record.alts.length === 0) continue
        const contig = matchContig(record.contig, known)
        if (contig === undefined) missing.add(record.contig)
        else shown.#add(contig, record)
      }
    } finally {
      await source.close()
    }
    if (shown.#byContig.size === 0)
      throw new FormatError({
        where: path,
        what: 'no variant on any contig of the predictions',
        expected: nameSome([...known]),
        got: nameSome([...missing]) || 'no variants',
      })
    for (const variants of shown.#byContig.values()) variants.sort((a, b) => a.position - b.position)
    return shown
  }

  /** Variants in the span; where there are more than `most`, of each stretch the one that changes most. */
  in(span: Span, most: number): readonly ShownVariant[] {
    const all = this.#byContig.get(span.contig) ?? []
    return thinVariants(all.slice(firstFrom(all, span.start), firstFrom(all, span.end)), span, most)
  }

  #add(contig: string, { position, ref, alts, bytes, infoStart, infoEnd }: VcfRecord): void {
    const name = `${contig}:${(position + 1).toLocaleString('en-US')} ${shorten(ref)}>${shorten(alts.join(','))}`
    const variant = { position, name, ...effectOf(decoder.decode(bytes.subarray(infoStart, infoEnd))) }
    const variants = this.#byContig.get(contig)
    if (variants) variants.push(variant)
    else this.#byContig.set(contig, [variant])
  }
}

const shorten = (alleles: string): string => (alleles.length <= 12 ? alleles : `${alleles.slice(0, 11)}…`)

/** Index of the first variant at or after `position`. */
function firstFrom(variants: readonly ShownVariant[], position: number): number {
  let [low, high] = [0, variants.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (variants[middle].position < position) low = middle + 1
    else high = middle
  }
  return low
}
