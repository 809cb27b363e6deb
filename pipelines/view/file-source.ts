import { mostBasesShown, parseSpan } from '../../apps/view/memory-source.ts'
import type { Lane, Peak, ShownContig, Site, Span, ViewSource } from '../../apps/view/source.ts'
import { RegionError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import { openGenome } from '../../src/io/fasta/open-genome.ts'
import { matchContig } from '../../src/io/variants/contig-names.ts'
import { GenesShown } from './genes-shown.ts'
import { PredictionStore } from './prediction-store.ts'
import { VariantsShown } from './variants-shown.ts'

/** What is looked at. */
export interface ViewFiles {
  /** Arrow or Parquet files of predictions. */
  readonly predictions: readonly string[]
  readonly fasta?: string
  readonly genes?: string
  readonly variants?: string
}

const mostBins = 10_000

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

/** Everything that `files` hold, as one source. */
export class FileSource implements ViewSource {
  readonly #stores: readonly PredictionStore[]
  readonly #genes: GenesShown | undefined
  readonly #variants: VariantsShown | undefined
  readonly #genome: Genome | undefined

  private constructor(
    stores: readonly PredictionStore[],
    beside: { readonly genes?: GenesShown; readonly variants?: VariantsShown; readonly genome?: Genome },
  ) {
    this.#stores = stores
    this.#genes = beside.genes
    this.#variants = beside.variants
    this.#genome = beside.genome
  }

  /**
   * Opens all of it; predictions are read in the background.
   *
   * @param patience milliseconds that a picture waits for rows that were not read yet; default: until all are
   * @throws FormatError naming the file that is missing, incomplete or something else
   */
  static async open(
    { predictions, fasta, genes, variants }: ViewFiles,
    signal?: AbortSignal,
    patience?: number,
  ): Promise<FileSource> {
    const stores = predictions.map((path) => new PredictionStore(path, patience))
    try {
      for (const store of stores) await store.file()
      const names = [...new Set((await Promise.all(stores.map((one) => one.contigs()))).flat().map(({ name }) => name))]
      const [shownGenes, shownVariants, genome] = await Promise.all([
        genes === undefined ? undefined : GenesShown.open(genes, names, signal),
        variants === undefined ? undefined : VariantsShown.open(variants, names, signal),
        fasta === undefined ? undefined : openGenome(fasta, { signal }),
      ])
      return new FileSource(stores, { genes: shownGenes, variants: shownVariants, genome })
    } catch (error) {
      await Promise.all(stores.map((store) => store.close()))
      throw error
    }
  }

  async info() {
    const lanes: Lane[] = []
    let isPartial = false
    for (const store of this.#stores) {
      const file = await store.file()
      await store.settle(file)
      isPartial ||= file.progress < 1
      const ranges = file.ranges()
      for (const [k, track] of file.tracks.entries()) {
        const [least, largest] = ranges[k] ?? [0, 1]
        lanes.push({ file: store.name, track, least, largest })
      }
    }
    return {
      title: this.#stores.map(({ name }) => name).join(', '),
      lanes,
      contigs: await this.#contigs(),
      hasGenes: this.#genes !== undefined,
      hasVariants: this.#variants !== undefined,
      isPartial,
    }
  }

  async show(wanted: Span, bins: number) {
    const span = await this.#checked(wanted)
    const count = Math.min(mostBins, Math.max(1, Math.floor(bins) || 1))
    const lanes = []
    let isPartial = false
    for (const store of this.#stores) {
      const binned = await store.bins(span, count)
      isPartial ||= binned.isPartial
      const { tracks } = await store.file()
      for (const k of tracks.keys()) {
        const { least, largest } = binned.lane(k)
        lanes.push({ least: least.map(orNull), largest: largest.map(orNull) })
      }
    }
    const isShort = span.end - span.start <= mostBasesShown
    return {
      span,
      lanes,
      genes: this.#genes?.in(span) ?? [],
      variants: this.#variants?.in(span, count) ?? [],
      bases: isShort ? await this.#bases(span) : undefined,
      isPartial,
    }
  }

  async peaks(wanted: Span): Promise<(Peak | null)[]> {
    const span = await this.#checked(wanted)
    const peaks = await Promise.all(this.#stores.map((store) => store.peaks(span)))
    return peaks.flat().map((peak) => peak ?? null)
  }

  async sites(): Promise<{ sites: Site[]; progress: number }> {
    const sites: Site[] = []
    let progress = 0
    for (const store of this.#stores) {
      const file = await store.file()
      progress += file.progress / this.#stores.length
      for (const [track, found] of file.sites())
        sites.push(...found.map((site) => ({ ...site, track, file: store.name })))
    }
    return { sites: sites.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)), progress }
  }

  /** @throws RegionError that says what can be found */
  async find(text: string, contig: string): Promise<Span> {
    const gene = this.#genes?.find(text)
    if (gene) return gene
    try {
      return parseSpan(text, await this.#contigs(), contig)
    } catch (cause) {
      throw new RegionError({ where: 'search', what: (cause as Error).message, cause })
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#stores.map((store) => store.close()), this.#genome?.close()])
  }

  /** Contigs of all files, in the order in which they come, with all that is covered. */
  async #contigs(): Promise<ShownContig[]> {
    const found = new Map<string, ShownContig>()
    for (const store of this.#stores)
      for (const { name, length, start, end } of await store.contigs()) {
        const so = found.get(name) ?? { name, length, start, end }
        found.set(name, {
          name,
          length: Math.max(so.length, length),
          start: Math.min(so.start, start),
          end: Math.max(so.end, end),
        })
      }
    return [...found.values()]
  }

  async #checked({ contig, start, end }: Span): Promise<Span> {
    const known = (await this.#contigs()).find(({ name }) => name === contig)
    if (known && Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start < end && end <= known.length)
      return { contig, start, end }
    throw new RegionError({
      where: `${contig}:${start}-${end}`,
      what: known ? `outside ${contig}` : 'no such contig',
      expected: known ? `0 <= start < end <= ${known.length}` : undefined,
    })
  }

  /** From the FASTA where one was given and has the contig, else from the predictions. */
  async #bases(span: Span): Promise<string> {
    if (this.#genome) {
      const contigs = new Map((await this.#genome.contigs()).map((contig) => [contig.name, contig]))
      const contig = matchContig(span.contig, contigs)
      if (contig !== undefined && span.end <= contigs.get(contig)!.length)
        return new TextDecoder().decode(await this.#genome.read({ ...span, contig }))
    }
    const letters = Array.from({ length: span.end - span.start }, () => '.')
    for (const store of this.#stores)
      for (const [i, letter] of [...(await store.bases(span))].entries()) if (letter !== '.') letters[i] = letter
    return letters.join('')
  }
}
