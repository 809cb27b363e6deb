import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { FormatError } from '../../src/errors.ts'
import type { PredictionBatch, Region } from '../../src/genome.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import { standardOutput } from '../../src/io/bytes/stream-output.ts'
import { isOneFile } from '../../src/io/output/formats.ts'
import { openPredictions } from '../../src/io/output/read-arrow.ts'
import { openTrackSinks, trackFileName, writeBigWigs } from '../../src/io/output/write-bigwig.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import { regionName } from '../run/inputs.ts'
import type { OutputChoice } from '../run/output-file.ts'
import { commonMetadata } from './common-metadata.ts'
import { allRegions, columnsOf, type ShardManifest } from './manifest.ts'
import type { Merge } from './merge-job.ts'

/** Writes the rows of the shards through the writer that `predict` uses. */
export async function mergePredictions(
  { manifest, pathOf, inputs, checked, signal, onProgress }: Merge<ShardManifest>,
  { path, format }: OutputChoice,
): Promise<void> {
  const tracks = columnsOf(manifest)
  // Before the shards are read, which takes its time.
  const paths = isOneFile(format) ? [path] : tracks.map((track) => path && trackFileName(path, track))
  for (const written of paths) if (written !== undefined) await protectInputs(written, inputs)
  await checked()
  const metadata = await commonMetadata(manifest, pathOf, openPredictions)
  const basesTotal = manifest.shards.reduce((sum, { rows }) => sum + rows, 0)
  let basesDone = 0
  const all = async function* (): AsyncGenerator<PredictionBatch> {
    let firstIndex = 0
    for (const shard of manifest.shards) {
      for await (const batch of shardBatches(pathOf(shard.id), shard.regions, firstIndex)) {
        signal?.throwIfAborted()
        yield batch
        basesDone += batch.bases.length
        onProgress?.({ contig: batch.region.contig, basesDone, basesTotal })
      }
      firstIndex += shard.regions.length
    }
  }
  const layout = {
    tracks,
    contigs: manifest.contigs.map(({ name }) => name),
    contigLengths: () => new Map(manifest.contigs.map(({ name, length }) => [name, length])),
    regions: manifest.hasRegionColumn ? allRegions(manifest).map(regionName) : undefined,
    temporaryFolder: path === undefined ? tmpdir() : dirname(path),
    metadata: () => metadata,
  }
  const open = (written: string): Promise<ByteSink> => openAtomicOutput(written, inputs)
  if (path !== undefined && !isOneFile(format))
    await writeBigWigs(all(), await openTrackSinks(tracks, (track) => open(trackFileName(path, track))), layout)
  else if (isOneFile(format))
    await writePredictions(all(), format, path === undefined ? standardOutput() : await open(path), layout)
}

/** A shard's rows as pieces of its regions; FormatError where they are not exactly those that were planned. */
async function* shardBatches(
  path: string,
  regions: readonly Region[],
  firstIndex: number,
): AsyncGenerator<PredictionBatch> {
  const unexpected = (): FormatError =>
    new FormatError({
      where: path,
      what: 'its rows are not those of its regions',
      remedy: 'remove the shard and run it again',
    })
  const file = await openPredictions(path)
  let index = 0
  let position = regions[0]?.start ?? 0
  try {
    for await (const rows of file.rows()) {
      for (let from = 0; from < rows.length; ) {
        const region = regions[index]
        if (!region) throw unexpected()
        const to = Math.min(rows.length, from + region.end - position)
        const end = position + to - from
        if (rows.contigNames[rows.contig[from]] !== region.contig) throw unexpected()
        if (rows.position[from] !== position || rows.position[to - 1] !== end - 1) throw unexpected()
        const tracks = Object.fromEntries(
          Object.entries(rows.tracks).map(([name, values]) => [name, values.subarray(from, to)]),
        )
        yield {
          region: { ...region, start: position, end },
          bases: rows.bases.subarray(from, to),
          tracks,
          regionIndex: firstIndex + index,
        }
        position = end
        from = to
        if (end === region.end) position = regions[++index]?.start ?? 0
      }
    }
    if (index !== regions.length) throw unexpected()
  } finally {
    await file.close()
  }
}
