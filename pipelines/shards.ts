import type { Strand } from '../src/genome.ts'
import type { Precision } from '../src/kernels/precision.ts'
import type { ShardManifest } from './shard/manifest.ts'
import type { ShardResult, ShardRunOptions } from './shard/run.ts'

/** What `genoconv shard plan` is asked: the options of `predict` that change the numbers. */
export interface ShardRequest {
  /** FASTA files with random access. */
  readonly inputs: readonly string[]
  /** The manifest to write; shards lie in `shards/` beside it. */
  readonly manifestPath: string
  readonly shardCount: number
  /** Names, repo ids or paths; several are an ensemble. Default: the shipped default. */
  readonly models?: readonly string[]
  /** Region texts and BED files; without any, every record. */
  readonly regionTexts?: readonly string[]
  readonly bedFiles?: readonly string[]
  readonly strand?: Strand | 'both'
  readonly context?: number | 'full' | 'none'
  readonly tracks?: readonly string[]
  readonly filterLength?: number
  readonly frequencySparsity?: number
  readonly precision?: Precision
  readonly chunk?: number
  /** Bytes by which chunks are chosen. */
  readonly memory?: number
  readonly threads?: number
  readonly device?: 'auto' | 'gpu' | 'cpu'
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
}

const never = (): AbortSignal => new AbortController().signal
const nothing = (): void => {}

/** Cuts a run of `predict` into shards and writes the manifest (see shard-plan.ts). Node only, as are the other two. */
export async function planShards({
  manifestPath,
  shardCount,
  signal = never(),
  onWarning = nothing,
  ...request
}: ShardRequest): Promise<ShardManifest> {
  const { planShards: plan } = await import('./shard/plan.ts')
  const defaults = {
    models: [],
    regionTexts: [],
    bedFiles: [],
    device: 'auto',
    frequencySparsity: 0,
    precision: 'f32',
    resume: false,
  } as const
  return plan({ ...defaults, ...request }, { manifestPath, shardCount, signal, onWarning })
}

/** Computes one shard, unless a matching one is there (see shard-run.ts). */
export async function runShard(
  manifestPath: string,
  id: number,
  options: Partial<ShardRunOptions> = {},
): Promise<ShardResult> {
  const { runShard: run } = await import('./shard/run.ts')
  return run(manifestPath, id, { device: 'auto', signal: never(), onWarning: nothing, ...options })
}

/** Checks all shards and writes them as one file, in the format of its extension (see shard-merge.ts). */
export async function mergeShards(
  manifestPath: string,
  output: string,
  { signal = never() }: { readonly signal?: AbortSignal } = {},
): Promise<ShardManifest> {
  const { mergeShards: merge } = await import('./shard/merge.ts')
  const { chooseOutput } = await import('./run/output-file.ts')
  const chosen = chooseOutput({ output, firstInput: output, modelName: '', isTerminal: process.stdout.isTTY })
  return (await merge(manifestPath, { output: chosen, signal })).manifest
}
