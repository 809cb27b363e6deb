import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import type { PredictionBatch } from '../../src/genome.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import { standardOutput } from '../../src/io/bytes/stream-output.ts'
import { isOneFile } from '../../src/io/output/formats.ts'
import { openPredictions } from '../../src/io/output/read-arrow.ts'
import { openTrackSinks, trackFileName, writeBigWigs } from '../../src/io/output/write-bigwig.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import type { OutputChoice } from '../run/output-file.ts'
import { commonMetadata } from './common-metadata.ts'
import { allRegions, columnsOf, regionNames, type ShardManifest } from './manifest.ts'
import type { Merge } from './merge-job.ts'
import { mergedPieces } from './merged-pieces.ts'

/** Writes the rows of the shards through the writer that `predict` uses. */
export async function mergePredictions(merge: Merge<ShardManifest>, { path, format }: OutputChoice): Promise<void> {
  const { manifest, pathOf, inputs, checked } = merge
  const tracks = columnsOf(manifest)
  // Before the shards are read, which takes its time.
  const paths = isOneFile(format) ? [path] : tracks.map((track) => path && trackFileName(path, track))
  for (const written of paths) if (written !== undefined) await protectInputs(written, inputs)
  await checked()
  const metadata = await commonMetadata(manifest, pathOf, openPredictions)
  const all = async function* (): AsyncGenerator<PredictionBatch> {
    for await (const { rows, from, to, ...piece } of mergedPieces(merge, openPredictions)) {
      const cut = ([name, values]: [string, Float32Array]) => [name, values.subarray(from, to)]
      const tracks = Object.fromEntries(Object.entries(rows.tracks).map(cut))
      yield { ...piece, bases: rows.bases.subarray(from, to), tracks }
    }
  }
  const layout = {
    tracks,
    contigs: manifest.contigs.map(({ name }) => name),
    contigLengths: () => new Map(manifest.contigs.map(({ name, length }) => [name, length])),
    regions: regionNames(manifest, allRegions(manifest)),
    temporaryFolder: path === undefined ? tmpdir() : dirname(path),
    metadata: () => metadata,
  }
  const open = (written: string): Promise<ByteSink> => openAtomicOutput(written, inputs)
  if (path !== undefined && !isOneFile(format))
    await writeBigWigs(all(), await openTrackSinks(tracks, (track) => open(trackFileName(path, track))), layout)
  else if (isOneFile(format))
    await writePredictions(all(), format, path === undefined ? standardOutput() : await open(path), layout)
}
