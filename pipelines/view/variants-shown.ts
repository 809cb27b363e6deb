import { thinVariants } from '../../apps/view/memory-source.ts'
import type { ShownVariant, Span } from '../../apps/view/source.ts'
import { FormatError } from '../../src/errors.ts'
import { openLocalFile } from '../../src/io/bytes/local-file.ts'
import { nameSome } from '../../src/io/fasta/names.ts'
import { type ReadRow, readNamedRows } from '../../src/io/output/read-named-rows.ts'
import { matchContig } from '../../src/io/variants/contig-names.ts'
import { readVcf } from '../../src/io/variants/vcf-reader.ts'
import { effectOf, effectOfRow } from './variant-effect.ts'

const decoder = new TextDecoder()

/** The variants of a VCF, or of a table that `variants` wrote, with the largest change of each where it was scored. */
export class VariantsShown {
  /** In ascending order of position. */
  readonly #byContig = new Map<string, ShownVariant[]>()

  /** @throws FormatError where it is neither, or has no variant on any of `contigs` */
  static async open(path: string, contigs: readonly string[], signal?: AbortSignal): Promise<VariantsShown> {
    const known = new Set(contigs)
    const shown = new VariantsShown()
    const missing = new Set<string>()
    const table = await readNamedRows(path, tableColumns)
    for await (const { contig: name, position, alleles, score, effect } of table
      ? rowVariants(path, table)
      : vcfVariants(path, signal)) {
      signal?.throwIfAborted()
      const contig = matchContig(name, known)
      if (contig === undefined) missing.add(name)
      else shown.#add(contig, { position, alleles, score, effect })
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

  #add(contig: string, { alleles, ...variant }: Omit<FoundVariant, 'contig'>): void {
    const name = `${contig}:${(variant.position + 1).toLocaleString('en-US')} ${alleles}`
    const variants = this.#byContig.get(contig) ?? []
    variants.push({ ...variant, name })
    this.#byContig.set(contig, variants)
  }
}

/** A variant as a file tells it. */
interface FoundVariant extends Omit<ShownVariant, 'name'> {
  readonly contig: string
  /** `A>G`. */
  readonly alleles: string
}

const allelesOf = (ref: string, alt: string): string => `${shorten(ref)}>${shorten(alt)}`

async function* vcfVariants(path: string, signal?: AbortSignal): AsyncGenerator<FoundVariant> {
  const source = await openLocalFile(path)
  try {
    const { records } = await readVcf(source, { signal })
    for await (const { contig, position, ref, alts, bytes, infoStart, infoEnd } of records) {
      if (alts.length === 0) continue
      const effect = effectOf(decoder.decode(bytes.subarray(infoStart, infoEnd)))
      yield { contig, position, alleles: allelesOf(ref, alts.join(',')), ...effect }
    }
  } finally {
    await source.close()
  }
}

/** The first columns of a table of scores that `variants` writes. */
const tableColumns = ['contig', 'position', 'ref', 'alt']

/** Rows of one allele, one a gene, are one variant: that of the largest change. */
async function* rowVariants(path: string, rows: AsyncIterable<ReadRow>): AsyncGenerator<FoundVariant> {
  let held: (FoundVariant & { readonly key: string }) | undefined
  for await (const row of rows) {
    if (!tableColumns.every((name) => name in row))
      throw new FormatError({
        where: path,
        what: 'no scored variants',
        expected: `columns ${tableColumns.join(', ')}`,
        got: Object.keys(row).join(', '),
      })
    const [contig, position, ref, alt] = tableColumns.map((name) => row[name])
    if (position === null || position === undefined) continue
    const alleles = allelesOf(String(ref), String(alt))
    const key = [contig, position, ref, alt].join('\t')
    const next = { key, contig: String(contig), position: Number(position), alleles, ...effectOfRow(row) }
    if (held && held.key !== key) yield held
    const isWeaker = held?.key === key && strength(next) <= strength(held)
    if (!isWeaker) held = next
  }
  if (held) yield held
}

/** -1: not scored. */
const strength = ({ score }: FoundVariant): number => (score === undefined ? -1 : Math.abs(score))

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
