import type { ShardMergeOptions, ShardMergeResult } from './shard/merge.ts'
import type { ShardManifest } from './shard/manifest.ts'
import type { ShardRequest } from './shard/plan.ts'
import type { ShardResult, ShardRunOptions } from './shard/run.ts'

// What `genoconv shard plan`, `run` and `merge` do, as functions with the same options. They need Node, which is loaded when
// they are called: a browser can import this file.

/** Cuts a run of `predict` into shards and writes the manifest (see shard/plan.ts). */
export const planShards = async (request: ShardRequest): Promise<ShardManifest> =>
  (await import('./shard/plan.ts')).planShards(request)

/** Computes one shard, unless a matching one is there (see shard/run.ts). */
export const runShard = async (manifestPath: string, id: number, options?: ShardRunOptions): Promise<ShardResult> =>
  (await import('./shard/run.ts')).runShard(manifestPath, id, options)

/** Checks all shards and writes them as one file (see shard/merge.ts). */
export const mergeShards = async (manifestPath: string, options: ShardMergeOptions): Promise<ShardMergeResult> =>
  (await import('./shard/merge.ts')).mergeShards(manifestPath, options)
