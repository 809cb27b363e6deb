import type { Progress } from '../predict/options.ts'
import type { RecordProgress } from '../run/log.ts'
import type { AnyManifest } from './manifest.ts'

/** What is merged. */
export interface Merge<M extends AnyManifest> {
  readonly manifest: M
  /** Where a shard lies. */
  readonly pathOf: (id: number) => string
  /** None of them may be the output. */
  readonly inputs: readonly string[]
  /** Hashes all shards. FormatError where one cannot be merged. */
  readonly checked: () => Promise<void>
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  readonly onRecords?: (progress: RecordProgress) => void
}
