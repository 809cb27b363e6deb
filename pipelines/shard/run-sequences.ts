import { dirname } from 'node:path'
import type { Genome } from '../../src/genome.ts'
import { encodeEmbeddings } from '../../src/io/output/write-embeddings.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import type { Model } from '../../src/model/model.ts'
import { rowsOf } from '../embed/options.ts'
import { embed } from '../embed.ts'
import type { PredictOptions } from '../predict/options.ts'
import { planPredict, strandOptions } from '../predict/plan.ts'
import { predict } from '../predict.ts'
import { modelBytes, reserveBytes } from '../run/memory.ts'
import { checkBorders, checkMemory } from './fit.ts'
import { columnsOf, regionNames, type SequenceManifest } from './manifest.ts'
import { type ShardRun, shardMark } from './shard-run.ts'
import { wholeMetadata } from './whole-metadata.ts'

/** Predicts, or embeds, the shard's rows into `sink`. `model`: of embeddings its states. */
export async function runSequences(
  run: ShardRun<SequenceManifest>,
  model: Model,
  genomes: readonly Genome[],
): Promise<void> {
  const { path, manifest, id, sink } = run
  const shard = manifest.shards[id]
  const { memory, signal, onWarning = () => {}, onProgress } = run.options
  const { strand, context, chunk, packsPerGroup, threads } = manifest.options
  const isRecords = manifest.targets === 'records'
  const options: PredictOptions = {
    ...(isRecords ? { parts: shard.regions } : { regions: shard.regions }),
    strand,
    context,
    tracks: manifest.work === 'predict' ? manifest.options.tracks : undefined,
    chunk,
    packsPerGroup,
    memory: modelBytes(manifest.options.memory, threads),
    temporaryFolder: dirname(path),
    signal,
    onProgress,
  }
  const plan = await planPredict(model, genomes, options)
  checkBorders(model, manifest, shard, strandOptions(plan, options))
  checkMemory(plan.neededBytes + reserveBytes(threads), memory, onWarning)
  const whole = await wholeMetadata(manifest, model, genomes, { ...options, parts: undefined })
  const metadata = new Map([...whole, ...shardMark(run)])
  // A device that fails ends the shard: other chunks, or another device, would round differently.
  const layout = {
    contigs: manifest.contigs.map((contig) => contig.name),
    regions: regionNames(manifest, shard.regions),
    metadata: () => metadata,
  }
  if (manifest.work === 'predict') {
    const batches = predict(model, genomes, { ...options, plan })
    await writePredictions(batches, 'arrow', sink, { ...layout, tracks: columnsOf(manifest) })
    return
  }
  const { embedding } = manifest.options
  const batches = embed(model, genomes, { ...options, ...embedding, plan })
  const columns = { ...layout, channelCount: plan.tracks.length }
  await encodeEmbeddings(batches, { format: 'arrow', rowsOf: rowsOf(embedding) }, sink, columns)
}
