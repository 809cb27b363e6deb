import type { Progress } from '../predict/options.ts'

/** What a run says besides its data, all of it on standard error. */
export interface Log {
  info(text: string): void
  warn(text: string): void
  error(error: unknown): void
  progress(progress: Progress): void
  /** The last line of a run that went well: `text` for people, `summary` for machines. */
  done(text: string, summary: Readonly<Record<string, unknown>>): void
}
