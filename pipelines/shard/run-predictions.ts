import { dirname } from 'node:path'
import type { Genome } from '../../src/genome.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import type { Model } from '../../src/model/model.ts'
import type { PredictOptions } from '../predict/options.ts'
import { planPredict, strandOptions } from '../predict/plan.ts'
import { predict } from '../predict.ts'
import { regionName } from '../run/inputs.ts'
import { reserveBytes } from '../run/memory.ts'
import { checkBorders, checkMemory } from './fit.ts'
import { columnsOf, type ShardManifest } from './manifest.ts'
import { type ShardRun, shardMark } from './shard-run.ts'
import { wholeMetadata } from './whole-metadata.ts'

/** Predicts the shard's rows into `sink`. */
export async function runPredictions(
  run: ShardRun<ShardManifest>,
  model: Model,
  genomes: readonly Genome[],
): Promise<void> {
  const { path, manifest, id, sink } = run
  const shard = manifest.shards[id]
  const { memory, signal, onWarning = () => {}, onProgress } = run.options
  const { strand, context, tracks, chunk, packsPerGroup, threads } = manifest.options
  const isRecords = manifest.targets === 'records'
  const options: PredictOptions = {
    ...(isRecords ? { parts: shard.regions } : { regions: shard.regions }),
    strand,
    context,
    tracks,
    chunk,
    packsPerGroup,
    memory: Math.max(0, manifest.options.memory - reserveBytes(threads)),
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
  await writePredictions(predict(model, genomes, { ...options, plan }), 'arrow', sink, {
    tracks: columnsOf(manifest),
    contigs: manifest.contigs.map((contig) => contig.name),
    regions: manifest.hasRegionColumn ? shard.regions.map(regionName) : undefined,
    metadata: () => metadata,
  })
}
