/**
 * genoconv as a library. In a browser the same import works with WebGPU; files come as `Blob` or URL.
 *
 *     const backend = await createBackend('auto')
 *     const model = await loadModel('splice', { backend })
 *     const genome = await openGenome('genome.fa.gz')
 *     for await (const batch of predict(model, genome, { regions: [{ contig: '20', start: 0, end: 1000 }] })) {
 *       batch.region // { contig, start, end }, 0-based half-open
 *       batch.tracks.donor // Float32Array, one value a base
 *     }
 */
export type { PredictOptions, PredictPlan, Progress } from '../pipelines/predict/options.ts'
export { loadModel, type LoadModelOptions } from '../pipelines/models/load-model.ts'
export { indexGenome, type IndexGenomeOptions } from '../pipelines/index-genome.ts'
export { describeModel, listModels, pullModel } from '../pipelines/models.ts'
export type { DescribeOptions, ModelDescription, ModelListing, PullOptions } from '../pipelines/models/catalogue.ts'
export { predict } from '../pipelines/predict.ts'
export { planPredict } from '../pipelines/predict/plan.ts'
export { scoreVariants } from '../pipelines/variants.ts'
export type {
  AlleleScore,
  Effects,
  ScoredVariant,
  ScoreOptions,
  ScoreProgress,
  SkipReason,
  Variant,
} from '../pipelines/variants/options.ts'
export type { DeviceRecovery, Place } from '../pipelines/predict/recovering.ts'
export { mergeShards, planShards, runShard } from '../pipelines/shards.ts'
export type { ShardManifest } from '../pipelines/shard/manifest.ts'
export type { ShardMergeOptions, ShardMergeResult } from '../pipelines/shard/merge.ts'
export type { ShardRequest } from '../pipelines/shard/plan.ts'
export type { ShardResult, ShardRunOptions } from '../pipelines/shard/run.ts'
export { ConfigError, DeviceError, FormatError, GenoconvError, LimitError, RegionError, ShapeError } from './errors.ts'
export type { Contig, Genome, PredictionBatch, Region, SequenceChunk, Strand } from './genome.ts'
export { openGenome, type OpenGenomeOptions } from './io/fasta/open-genome.ts'
export { openGenes } from './io/variants/annotation/open-genes.ts'
export type { Annotation } from './io/variants/annotation/read-genes.ts'
export type { AnnotatedTranscript, Transcript, TranscriptChoice } from './io/variants/annotation/transcript.ts'
export { memorySink, type ByteSink } from './io/bytes/sink.ts'
export {
  writeArrow,
  type WriteArrowOptions,
  writeBedGraph,
  type WriteOptions,
  writeParquet,
  writeTsv,
} from './io/output/write-outputs.ts'
export type { OutputInfo } from './io/output/output-info.ts'
export {
  outputInfo,
  predictToFile,
  type PredictToFileOptions,
  type PredictToFileResult,
} from '../pipelines/predict-to-file.ts'
export type { Backend } from './kernels/backend.ts'
export {
  createBackend,
  listDevices,
  type BackendOptions,
  type DeviceChoice,
  type DeviceListing,
} from './kernels/create-backend.ts'
export { longConv, type LongConvOptions } from './kernels/long-conv/api.ts'
export { explainPlan, type LongConvPlan } from './kernels/long-conv/plan.ts'
export { planLongConvCpu as planLongConv } from './kernels/long-conv/plan.cpu.ts'
export type { Model, ModelInfo, Track } from './model/model.ts'
