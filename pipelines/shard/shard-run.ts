import type { ByteSink } from '../../src/io/bytes/sink.ts'
import type { Progress } from '../predict/options.ts'
import type { RecordProgress } from '../run/log.ts'
import type { AnyManifest } from './manifest.ts'

export interface ShardRunOptions {
  /** Default: `auto`. */
  readonly device?: 'auto' | 'gpu' | 'cpu'
  /** Default: the manifest's. With another number all shards must be run with it. */
  readonly threads?: number
  /** Bytes that this node can give; chunks follow the manifest's number, whatever this one is. */
  readonly memory?: number
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
  readonly onInfo?: (text: string) => void
  readonly onProgress?: (progress: Progress) => void
  /** Of shards of variants. */
  readonly onRecords?: (progress: RecordProgress) => void
}

/** One shard on its way. */
export interface ShardRun<M extends AnyManifest = AnyManifest> {
  readonly manifestPath: string
  readonly manifest: M
  readonly id: number
  /** Where it will lie. */
  readonly path: string
  readonly options: ShardRunOptions
  readonly sink: ByteSink
}

/** What a shard's metadata say beside those of the whole. */
export const shardMark = ({ manifest: { shards, planSha256 }, id }: ShardRun): ReadonlyMap<string, string> =>
  new Map([['genoconv.shard', JSON.stringify({ shard: id, of: shards.length, planSha256 })]])
