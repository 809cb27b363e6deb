import type { Progress } from '../predict/options.ts'

/** How far a list of records has come. */
export interface RecordProgress {
  readonly contig: string
  readonly recordsDone: number
  /** Of the input, 0 to 1; undefined for a stream. */
  readonly fraction: number | undefined
}

/** What a run says besides its data, all of it on standard error. */
export interface Log {
  info(text: string): void
  warn(text: string): void
  error(error: unknown): void
  progress(progress: Progress): void
  records(progress: RecordProgress): void
  /** The last line of a run that went well: `text` for people, `summary` for machines. */
  done(text: string, summary: Readonly<Record<string, unknown>>): void
}
