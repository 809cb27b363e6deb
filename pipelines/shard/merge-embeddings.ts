import type { EmbeddingBatch } from '../../src/genome.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import { standardOutput } from '../../src/io/bytes/stream-output.ts'
import type { EmbeddingFormat } from '../../src/io/output/formats.ts'
import { openBaseEmbeddings, openRegionEmbeddings } from '../../src/io/output/read-embeddings.ts'
import { encodeEmbeddings } from '../../src/io/output/write-embeddings.ts'
import { rowsOf } from '../embed/options.ts'
import { commonMetadata } from './common-metadata.ts'
import { allRegions, type EmbedShardManifest, regionNames } from './manifest.ts'
import type { Merge } from './merge-job.ts'
import { mergedPieces, MergeProgress, unexpectedRows } from './merged-pieces.ts'

/** Writes the rows of the shards through the writer that `embed` uses. */
export async function mergeEmbeddings(
  merge: Merge<EmbedShardManifest>,
  { path, format }: { readonly path: string | undefined; readonly format: EmbeddingFormat },
): Promise<void> {
  const { manifest, pathOf, inputs, checked } = merge
  // Before the shards are read, which takes its time.
  if (path !== undefined) await protectInputs(path, inputs)
  await checked()
  const kind = rowsOf(manifest.options.embedding)
  const open = kind === 'bases' ? openBaseEmbeddings : openRegionEmbeddings
  const { channelCount, close } = await open(pathOf(0))
  await close()
  const metadata = await commonMetadata(manifest, pathOf, open)
  const batches = kind === 'bases' ? ofBases(merge) : ofRegions(merge)
  const sink = path === undefined ? standardOutput() : await openAtomicOutput(path, inputs)
  await encodeEmbeddings(batches, { format, rowsOf: kind }, sink, {
    channelCount,
    contigs: manifest.contigs.map(({ name }) => name),
    regions: regionNames(manifest, allRegions(manifest)),
    metadata: () => metadata,
  })
}

async function* ofBases(merge: Merge<EmbedShardManifest>): AsyncGenerator<EmbeddingBatch> {
  for await (const { rows, from, to, ...piece } of mergedPieces(merge, openBaseEmbeddings)) {
    const { bases, embedding, channelCount } = rows
    yield {
      ...piece,
      bases: bases.subarray(from, to),
      embedding: embedding.subarray(from * channelCount, to * channelCount),
      channelCount,
    }
  }
}

/** FormatError where rows are not exactly those that were planned. */
async function* ofRegions({
  manifest,
  pathOf,
  signal,
  onProgress,
}: Merge<EmbedShardManifest>): AsyncGenerator<EmbeddingBatch> {
  const progress = new MergeProgress(manifest, onProgress)
  let regionIndex = 0
  for (const { id, regions } of manifest.shards) {
    const file = await openRegionEmbeddings(pathOf(id))
    const { channelCount } = file
    let index = 0
    try {
      for await (const { length, contig, contigNames, start, end, embedding } of file.rows()) {
        signal?.throwIfAborted()
        for (let row = 0; row < length; row++, index++, regionIndex++) {
          const region = regions[index]
          if (!region || contigNames[contig[row]] !== region.contig) throw unexpectedRows(pathOf(id))
          if (start[row] !== region.start || end[row] !== region.end) throw unexpectedRows(pathOf(id))
          const values = embedding.subarray(row * channelCount, (row + 1) * channelCount)
          yield { region, embedding: values, channelCount, regionIndex }
          progress.add(region)
        }
      }
      if (index !== regions.length) throw unexpectedRows(pathOf(id))
    } finally {
      await file.close()
    }
  }
}
