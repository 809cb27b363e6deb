/**
 * The part of the library that runs everywhere: in Node and, bundled by scripts/build-browser.mjs, in a browser. What needs
 * files, processes or a cache of models is added by index.ts.
 */
export type { PredictOptions, PredictPlan, Progress } from '../pipelines/predict/options.ts'
export {
  loadModel,
  type LoadModelOptions,
  type ModelParts,
  type ModelSource,
} from '../pipelines/models/load-model.ts'
export { predict } from '../pipelines/predict.ts'
export { embed } from '../pipelines/embed.ts'
export type { EmbedOptions } from '../pipelines/embed/options.ts'
export type { Pool } from '../pipelines/embed/pool.ts'
export { writeEmbeddings, type WriteEmbeddingsOptions } from './io/output/write-embeddings.ts'
export { planPredict } from '../pipelines/predict/plan.ts'
export { scoreVariants } from '../pipelines/variants.ts'
export { everyVariant, type SaturationOptions } from '../pipelines/variants/saturation.ts'
export type {
  AlleleScore,
  Effects,
  ScoredVariant,
  ScoreOptions,
  ScoringPlace,
  ScoringRecovery,
  ScoreProgress,
  SkipReason,
  Variant,
  GainAndLoss,
  LikelihoodRatio,
  TissueEffects,
} from '../pipelines/variants/options.ts'
export type { DeviceRecovery, Place } from '../pipelines/predict/recovering.ts'
export { ConfigError, DeviceError, FormatError, GenoconvError, LimitError, RegionError, ShapeError } from './errors.ts'
export type { Contig, Genome, EmbeddingBatch, PredictionBatch, Region, SequenceChunk, Strand } from './genome.ts'
export { openGenome, type OpenGenomeOptions } from './io/fasta/open-genome.ts'
export { parseRegion } from './io/fasta/region-text.ts'
export { openGenes } from './io/variants/annotation/open-genes.ts'
export type { Annotation } from './io/variants/annotation/read-genes.ts'
export type { AnnotatedTranscript, Transcript, TranscriptChoice } from './io/variants/annotation/transcript.ts'
export { memorySink, type ByteSink } from './io/bytes/sink.ts'
export {
  writeArrow,
  type WriteArrowOptions,
  writeBedGraph,
  writeBigWig,
  type TrackSinks,
  type WriteOptions,
  writeParquet,
  writeTsv,
} from './io/output/write-outputs.ts'
export type { Backend } from './kernels/backend.ts'
export {
  createBackend,
  listDevices,
  type BackendOptions,
  type DeviceChoice,
  type DeviceListing,
} from './kernels/create-backend.ts'
export { longConv, type LongConvOptions } from './kernels/long-conv/api.ts'
export {
  longConvGradients,
  type LongConvGradients,
  type LongConvGradientsOptions,
} from './kernels/long-conv/gradients.ts'
export { explainPlan, type LongConvPlan } from './kernels/long-conv/plan.ts'
export { planLongConvCpu as planLongConv } from './kernels/long-conv/plan.cpu.ts'
export type { Model, ModelInfo, Track } from './model/model.ts'
