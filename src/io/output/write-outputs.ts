import { ConfigError, ShapeError } from '../../errors.ts'
import type { PredictionBatch } from '../../genome.ts'
import {
  expectFloat32,
  expectFunction,
  expectMade,
  expectOptions,
  expectRegion,
  expectText,
  expectTexts,
  show,
} from '../../validate.ts'

import type { ByteSink } from '../bytes/sink.ts'
import type { OneFileFormat, OutputFormat } from './formats.ts'
import type { OutputLayout } from './output-layout.ts'
import { writePredictions } from './write-predictions.ts'

/** `tracks` default to those of the first batch. */
export type WriteOptions = Partial<OutputLayout>

export interface WriteArrowOptions extends WriteOptions {
  /** `file` (default) or `stream`. */
  readonly format?: 'file' | 'stream'
}

/** Predictions, in order, as `predict` gives them. */
type Batches = AsyncIterable<PredictionBatch>

/**
 * Writes predictions as Arrow: columns contig, position (0-based), base, (region,) and one float32 column per track.
 *
 * @param output a file's name, which appears only when it is complete, or a sink
 * @throws ConfigError for arguments that cannot be
 * @throws RegionError, ShapeError for a batch whose parts do not fit each other
 * @throws ConfigError, FormatError, LimitError where the file cannot be written; what `batches` throws passes through
 */
export const writeArrow = (
  batches: Batches,
  output: string | ByteSink,
  options: WriteArrowOptions = {},
): Promise<void> => writeAs(options?.format === 'stream' ? 'arrows' : 'arrow', batches, output, options)

/**
 * Writes predictions as Parquet: the columns and metadata of Arrow, null where there is no value. `output` and errors as in
 * `writeArrow`.
 */
export const writeParquet = (batches: Batches, output: string | ByteSink, options: WriteOptions = {}): Promise<void> =>
  writeAs('parquet', batches, output, options)

/**
 * Writes predictions as tab-separated text with a header line: the columns of Arrow, `NA` where there is no value.
 * `output` and errors as in `writeArrow`.
 */
export const writeTsv = (batches: Batches, output: string | ByteSink, options: WriteOptions = {}): Promise<void> =>
  writeAs('tsv', batches, output, options)

/**
 * Writes predictions as bedGraph: contig, start, end (0-based, half-open), value; several tracks are sections one after
 * the other. Regions must not overlap. `output` and errors as in `writeArrow`.
 */
export const writeBedGraph = (batches: Batches, output: string | ByteSink, options: WriteOptions = {}): Promise<void> =>
  writeAs('bedgraph', batches, output, options)

/** Gives the sink of a track's file. */
export type TrackSinks = (track: string) => ByteSink | Promise<ByteSink>

/**
 * Writes predictions as bigWig: one file per track, values as they are, bases without a value left out, and zoom levels with
 * the count, minimum, maximum, sum and sum of squares of their bins. Regions may come in any order and must not overlap. With
 * `contigs` and `contigLengths` all contigs are listed, else those that have regions, with the end of the last as length.
 *
 * @param output a file's name, from which those of the tracks are made (`out.bw`: `out.donor.bw`), which appear only when
 *   all are complete; or what gives each track's sink
 * @throws RegionError for regions that overlap; otherwise as in `writeArrow`
 */
export async function writeBigWig(
  batches: Batches,
  output: string | TrackSinks,
  options: WriteOptions = {},
): Promise<void> {
  checkArguments('bigwig', batches, output, options)
  const { openTrackSinks, trackFileName, writeBigWigs } = await import('./write-bigwig.ts') // has to do with Node
  const { all, tracks } = await checkedBatches(batches, options)
  const open = typeof output === 'string' ? (track: string) => openFile(trackFileName(output, track)) : output
  const sinks = await openTrackSinks(tracks, open)
  await writeBigWigs(all(), sinks, { ...options, tracks })
}

async function writeAs(
  format: OneFileFormat,
  batches: Batches,
  output: string | ByteSink,
  options: WriteOptions,
): Promise<void> {
  checkArguments(format, batches, output, options)
  const { all, tracks } = await checkedBatches(batches, options)
  const sink = typeof output === 'string' ? await openFile(output) : output
  await writePredictions(all(), format, sink, { ...options, tracks })
}

/** Loaded only here, so that a browser can write to a sink. */
const openFile = async (name: string): Promise<ByteSink> =>
  (await import('../bytes/atomic-output.ts')).openAtomicOutput(name)

/** The batches, each checked as it passes, and the tracks: those of the options, or of the first batch. */
async function checkedBatches(
  batches: Batches,
  options: WriteOptions,
): Promise<{ all: () => AsyncGenerator<PredictionBatch>; tracks: readonly string[] }> {
  const iterator = batches[Symbol.asyncIterator]()
  const first = await iterator.next()
  const all = async function* (): AsyncGenerator<PredictionBatch> {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield checkedBatch(next.value, tracks)
    } finally {
      await iterator.return?.()
    }
  }
  const tracks = options.tracks ?? (first.done ? [] : Object.keys(first.value?.tracks ?? {}))
  return { all, tracks }
}

function checkArguments(
  format: OutputFormat,
  batches: Batches,
  output: string | ByteSink | TrackSinks,
  options: WriteOptions,
): void {
  const where = `output as ${format}`
  if (typeof batches?.[Symbol.asyncIterator] !== 'function')
    throw new ConfigError({ where, what: 'no predictions', expected: 'what predict gives', got: show(batches) })
  if (typeof output === 'string') expectText('output', output)
  else if (format === 'bigwig') {
    if (typeof output !== 'function')
      throw new ConfigError({
        where,
        what: 'missing or not usable',
        expected: 'a file name, or what gives the sink of a track',
        got: show(output),
      })
  } else
    for (const method of ['write', 'finish', 'abort'] as const)
      expectMade(where, output as ByteSink, method, 'a file name or a sink')
  expectOptions(where, options)
  expectTexts('tracks', options.tracks)
  expectTexts('contigs', options.contigs)
  expectTexts('regions', options.regions)
  expectFunction('metadata', options.metadata)
  expectFunction('contigLengths', options.contigLengths)
}

/** @throws ShapeError where the parts of a batch do not fit each other, or a track is missing */
function checkedBatch(batch: PredictionBatch, tracks: readonly string[]): PredictionBatch {
  const { contig, start, end } = expectRegion(batch?.region)
  const where = `${contig}:${start}-${end}`
  if (!(batch.bases instanceof Uint8Array) || batch.bases.length !== end - start)
    throw new ShapeError({
      where,
      what: 'bases do not fit',
      expected: `${end - start} letters`,
      got: show(batch.bases),
    })
  for (const name of tracks) expectFloat32(where, `track ${name}`, batch.tracks?.[name], end - start)
  return batch
}
