import { ConfigError, RegionError } from '../../errors.ts'
import type { PredictionBatch } from '../../genome.ts'
import type { ByteSink } from '../bytes/sink.ts'
import { BigWigFile } from './bigwig-file.ts'
import type { NumberedContig } from './bigwig-tree.ts'
import { CoveredBases } from './covered-bases.ts'
import { outputFormats } from './formats.ts'
import { NameTable, type OutputLayout } from './output-layout.ts'

/**
 * Writes a bigWig file a track, each to its sink, sorted by contig and position; bases without a value are left out. All
 * become visible once all are written; on any failure, an abort too, no unfinished one is left.
 *
 * @throws RegionError where regions overlap; what `batches` and the sinks throw passes through
 */
export async function writeBigWigs(
  batches: AsyncIterable<PredictionBatch>,
  sinks: readonly ByteSink[],
  layout: OutputLayout,
): Promise<void> {
  const files = layout.tracks.map(() => new BigWigFile(layout.temporaryFolder ?? '.'))
  const covered = new CoveredBases('bigwig', layout.regions)
  const contigs = new ContigTable(layout)
  try {
    for await (const batch of batches) {
      covered.add(batch)
      const id = contigs.idOf(batch.region)
      const { start } = batch.region
      await Promise.all(layout.tracks.map((track, i) => files[i].add(id, start, batch.tracks[track])))
    }
    const sorted = contigs.sorted()
    for (const [i, file] of files.entries())
      for await (const pieces of file.finish(sorted)) await sinks[i].write(pieces)
    for (const sink of sinks) await sink.finish()
  } catch (error) {
    for (const sink of sinks) await sink.abort()
    throw error
  } finally {
    for (const file of files) await file.close()
  }
}

/** Sinks for all tracks, or none. */
export async function openTrackSinks(
  tracks: readonly string[],
  open: (track: string) => ByteSink | Promise<ByteSink>,
): Promise<ByteSink[]> {
  const sinks: ByteSink[] = []
  try {
    for (const track of tracks) sinks.push(await open(track))
    return sinks
  } catch (error) {
    for (const sink of sinks) await sink.abort()
    throw error
  }
}

/**
 * The name of a track's file: `out.bw` with the track donor is `out.donor.bw`.
 *
 * @throws ConfigError for a track whose name cannot be a part of a file's name
 */
export function trackFileName(output: string, track: string): string {
  if (/[/\\\0]/.test(track))
    throw new ConfigError({
      where: `track ${JSON.stringify(track)}`,
      what: 'its name cannot be a part of a file name',
      expected: 'no slash',
    })
  const extensions: readonly string[] = outputFormats.bigwig.extensions
  const extension = extensions.find((known) => output.toLowerCase().endsWith(known))
  return extension === undefined
    ? `${output}.${track}${extensions[0]}`
    : `${output.slice(0, -extension.length)}.${track}${output.slice(-extension.length)}`
}

/** The numbers of contigs: by name where all are known beforehand, as other tools have them, else in order of first use. */
class ContigTable {
  readonly #layout: OutputLayout
  readonly #names: NameTable
  readonly #ends: number[] = []

  constructor(layout: OutputLayout) {
    this.#layout = layout
    this.#names = new NameTable(layout.contigs?.toSorted((a, b) => compareBytes(utf8(a), utf8(b))))
  }

  idOf({ contig, end }: PredictionBatch['region']): number {
    if (contig.includes('\0'))
      throw new RegionError({ where: JSON.stringify(contig), what: 'a contig name in bigwig has no zero character' })
    const id = this.#names.indexOf(contig)
    this.#ends[id] = Math.max(end, this.#ends[id] ?? 0)
    return id
  }

  /** By the bytes of their names; of a contig of unknown length, the end of its last region. */
  sorted(): NumberedContig[] {
    const lengths = this.#layout.contigLengths?.()
    return this.#names.names
      .map((name, id) => ({ name: utf8(name), id, length: Math.max(lengths?.get(name) ?? 1, this.#ends[id] ?? 1) }))
      .sort((a, b) => compareBytes(a.name, b.name))
  }
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) if (a[i] !== b[i]) return a[i] - b[i]
  return a.length - b.length
}
