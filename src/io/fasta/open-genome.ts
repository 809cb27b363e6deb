import { ConfigError, FormatError, RegionError } from '../../errors.ts'
import type { Contig, Genome, Region, SequenceChunk } from '../../genome.ts'
import { expectFunction, expectNumber, expectOptions, expectSignal, expectWhole, show } from '../../validate.ts'
import { sniffPacking } from '../bytes/bgzf.ts'
import { blobSource, type ByteSource } from '../bytes/byte-source.ts'
import { isWebUrl } from '../bytes/web-url.ts'
import { fastaChunks } from './fasta-chunks.ts'
import { nameSome } from './names.ts'
import { loadIndex, type OpenIndex } from './open-index.ts'
import { StaleIndex } from '../bytes/stale-index.ts'

export interface OpenGenomeOptions {
  /** Told, once each, what is odd but not wrong: a stale index, a missing BGZF end, a record without bases. */
  readonly onWarning?: (message: string) => void
  /** Most memory for records that must be held whole (plain gzip, lines of uneven length). Default 1 GiB. */
  readonly maxHeldBytes?: number
  readonly signal?: AbortSignal
}

/**
 * Opens a FASTA: a path, `-` (standard input), an `http(s)://` or `file://` URL, or a Blob or File. Plain, gzip and BGZF are told apart by
 * their first bytes; `.fai` and `.gzi` beside the file are used if they fit it, else an index is built in memory when one is
 * needed.
 *
 * @throws ConfigError for what is no input, and for options that cannot be
 * @throws FormatError where the input cannot be read or is no FASTA
 */
export async function openGenome(input: string | URL | Blob, options: OpenGenomeOptions = {}): Promise<Genome> {
  expectInput(input)
  expectOptions('openGenome', options)
  expectNumber('maxHeldBytes', options.maxHeldBytes, { least: 0, most: Number.POSITIVE_INFINITY })
  expectFunction('onWarning', options.onWarning)
  expectSignal(options.signal)
  const source = await openSource(input, options.signal)
  try {
    if (source.byteCount === 0)
      throw new FormatError({ where: source.name, what: 'the file is empty', expected: 'FASTA records' })
    const packing =
      source.access === 'none' ? undefined : sniffPacking(await source.read(64, 0, options.signal), source.name)
    return new SourceGenome(input === '-' ? '-' : source.name, source, packing, options)
  } catch (error) {
    await source.close()
    throw error
  }
}

function expectInput(input: string | URL | Blob): void {
  if ((typeof input === 'string' && input !== '') || input instanceof URL || input instanceof Blob) return
  const got = input === '' ? 'nothing' : show(input)
  throw new ConfigError({ where: 'openGenome', what: 'no input', expected: 'a path, a URL or a Blob', got })
}

async function openSource(input: string | URL | Blob, signal?: AbortSignal): Promise<ByteSource> {
  if (input instanceof Blob) return blobSource(input)
  const text = String(input)
  if (isWebUrl(text)) return (await import('../bytes/http-source.ts')).openHttp(text, signal)
  const { openLocalFile, standardInput } = await import('../bytes/local-file.ts')
  return text === '-' ? standardInput() : openLocalFile(text)
}

class SourceGenome implements Genome {
  readonly name: string
  readonly byteCount: number | undefined
  readonly isRandomAccess: boolean
  #source: ByteSource
  #packing: 'bgzf' | 'gzip' | 'plain' | undefined
  #maxHeldBytes: number
  #warned = new Set<string>()
  #onWarning: (message: string) => void
  #index: Promise<OpenIndex> | undefined
  /** The list that was given before, which may be long: the same as long as the index is. */
  #listed: { readonly index: OpenIndex; readonly contigs: readonly Contig[] } | undefined

  constructor(
    name: string,
    source: ByteSource,
    packing: 'bgzf' | 'gzip' | 'plain' | undefined,
    options: OpenGenomeOptions,
  ) {
    this.name = name
    this.byteCount = source.byteCount
    this.isRandomAccess = source.access !== 'none'
    this.#source = source
    this.#packing = packing
    this.#maxHeldBytes = options.maxHeldBytes ?? 2 ** 30
    this.#onWarning = (message) => {
      if (this.#warned.has(message)) return
      this.#warned.add(message)
      options.onWarning?.(message)
    }
  }

  async contigs(signal?: AbortSignal): Promise<readonly Contig[]> {
    const index = await this.#openIndex(false, signal)
    if (this.#listed?.index !== index)
      this.#listed = { index, contigs: Array.from(index.contigs.values(), ({ name, length }) => ({ name, length })) }
    return this.#listed.contigs
  }

  async read(region: Region, signal?: AbortSignal): Promise<Uint8Array> {
    const opened = this.#openIndex(false, signal)
    const index = await opened
    checkRegion(region, index, this.name)
    try {
      return await index.read(region, signal)
    } catch (error) {
      if (!(error instanceof StaleIndex)) throw error
      // Found only now that the index does not fit the file: scan the file (once, for all who find out), and read by that.
      if (this.#index === opened) this.#index = undefined
      const rebuilt = await this.#openIndex(true, signal, error.message)
      checkRegion(region, rebuilt, this.name)
      return rebuilt.read(region, signal).catch((cause: unknown) => {
        throw cause instanceof StaleIndex
          ? new FormatError({
              where: this.name,
              what: 'the file changed while it was read',
              remedy: 'run it again',
              cause,
            })
          : cause
      })
    }
  }

  chunks(options: { chunkBases: number; signal?: AbortSignal }): AsyncGenerator<SequenceChunk> {
    expectWhole('chunkBases', options?.chunkBases ?? Number.NaN, { least: 1 })
    return fastaChunks(this.#source, { ...options, onWarning: this.#onWarning })
  }

  close(): Promise<void> {
    return this.#source.close()
  }

  #openIndex(isRebuild: boolean, signal?: AbortSignal, staleReason?: string): Promise<OpenIndex> {
    if (this.#packing === undefined) {
      throw new FormatError({
        where: this.name,
        what: 'a stream has no index',
        expected: 'a file',
        remedy: 'save it to a file first, or read all its records',
      })
    }
    if (!this.#index) {
      const settings = { packing: this.#packing, maxHeldBytes: this.#maxHeldBytes, onWarning: this.#onWarning, signal }
      const index = loadIndex(this.#source, { ...settings, isRebuild, staleReason })
      // A failure (an abort, say) is not kept.
      index.catch(() => {
        if (this.#index === index) this.#index = undefined
      })
      this.#index = index
    }
    return this.#index
  }
}

function checkRegion(region: Region, { contigs }: OpenIndex, fileName: string): void {
  if (typeof region?.contig !== 'string')
    throw new RegionError({ where: show(region), what: 'not a region', expected: '{ contig, start, end }' })
  const { contig, start, end } = region
  const known = contigs.get(contig)
  const where = `${contig}:${show(start)}-${show(end)}`
  if (!known)
    throw new RegionError({
      where,
      what: `no contig of that name in ${fileName}`,
      expected: nameSome([...contigs.keys()]),
      got: contig,
    })
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || start > end || end > known.length) {
    const what = `outside contig ${contig} of ${fileName}`
    throw new RegionError({
      where,
      what,
      expected: `0 <= start <= end <= ${known.length}`,
      got: `${show(start)}, ${show(end)}`,
    })
  }
}
