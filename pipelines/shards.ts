import type { ShardMergeOptions, ShardMergeResult } from './shard/merge.ts'
import type { EmbedShardManifest, SequenceManifest, ShardManifest, VariantShardManifest } from './shard/manifest.ts'
import type { EmbedShardRequest, ShardRequest } from './shard/plan.ts'
import type { VariantShardRequest } from './shard/plan-variants.ts'
import type { ShardResult } from './shard/run.ts'
import type { ShardRunOptions } from './shard/shard-run.ts'

// What `genoconv shard plan`, `run` and `merge` do, as functions with the same options. They need Node, which is loaded when
// they are called: a browser can import this file.

/**
 * Cuts a run of `predict` (`inputs`), of `embed` (`inputs` and `embedding`) or of `variants` (`fasta`) into shards and writes the manifest (see shard/plan.ts and
 * shard/plan-variants.ts).
 */
export function planShards(request: VariantShardRequest): Promise<VariantShardManifest>
export function planShards(request: EmbedShardRequest): Promise<EmbedShardManifest>
export function planShards(request: ShardRequest): Promise<ShardManifest>
export async function planShards(
  request: ShardRequest | EmbedShardRequest | VariantShardRequest,
): Promise<SequenceManifest | VariantShardManifest> {
  return typeof request === 'object' && request !== null && 'fasta' in request
    ? (await import('./shard/plan-variants.ts')).planVariantShards(request)
    : (await import('./shard/plan.ts')).planShards(request)
}

/** Computes one shard, unless a matching one is there (see shard/run.ts). */
export const runShard = async (manifestPath: string, id: number, options?: ShardRunOptions): Promise<ShardResult> =>
  (await import('./shard/run.ts')).runShard(manifestPath, id, options)

/** Checks all shards and writes them as one file (see shard/merge.ts). */
export const mergeShards = async (manifestPath: string, options: ShardMergeOptions): Promise<ShardMergeResult> =>
  (await import('./shard/merge.ts')).mergeShards(manifestPath, options)
