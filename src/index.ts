/**
 * genoconv as a library. In a browser the same import gives the part that needs no files of a system (portable.ts):
 * genomes and models come as `Blob`, `File` or URL.
 *
 *     const backend = await createBackend('auto')
 *     const model = await loadModel('splice', { backend })
 *     const genome = await openGenome('genome.fa.gz')
 *     for await (const batch of predict(model, genome, { regions: [{ contig: '20', start: 0, end: 1000 }] })) {
 *       batch.region // { contig, start, end }, 0-based half-open
 *       batch.tracks.donor // Float32Array, one value per base
 *     }
 */
export * from './portable.ts'
export { indexGenome, type IndexGenomeOptions } from '../pipelines/index-genome.ts'
export { describeModel, listModels, pullModel } from '../pipelines/models.ts'
export type {
  DescribeOptions,
  ModelDescription,
  ModelListing,
  PulledModel,
  PullOptions,
} from '../pipelines/models/catalogue.ts'
export { train } from '../pipelines/train.ts'
export type { TrainOptions, TrainProgress, TrainResult } from '../pipelines/train/options.ts'
export { mergeShards, planShards, runShard } from '../pipelines/shards.ts'
export type {
  AnyManifest,
  EmbedShardManifest,
  ShardManifest,
  VariantShardManifest,
} from '../pipelines/shard/manifest.ts'
export type { ShardMergeOptions, ShardMergeResult } from '../pipelines/shard/merge.ts'
export type { EmbedShardRequest, ShardRequest } from '../pipelines/shard/plan.ts'
export type { VariantShardRequest } from '../pipelines/shard/plan-variants.ts'
export type { ShardResult } from '../pipelines/shard/run.ts'
export type { ShardRunOptions } from '../pipelines/shard/shard-run.ts'
export type { OutputInfo } from './io/output/output-info.ts'
export {
  outputInfo,
  predictToFile,
  type PredictToFileOptions,
  type PredictToFileResult,
} from '../pipelines/predict-to-file.ts'
export {
  drawFigure,
  drawImage,
  drawPage,
  type FigureOptions,
  type ImageOptions,
  type PageOptions,
  type RunningView,
  type ViewFiles,
  type ViewOptions,
  viewPredictions,
} from '../pipelines/view.ts'
