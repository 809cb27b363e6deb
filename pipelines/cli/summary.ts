import type { Log } from './log.ts'
import type { Seen } from '../run/tally.ts'
import { showBytes, showCount, showSeconds } from './units.ts'

export interface Outcome {
  readonly seen: Pick<Seen, 'bases' | 'sites'>
  /** Of performance.now(), when the run began. */
  readonly startTime: number
  readonly device: string
  /** `-` is standard output. */
  readonly output: string
  /** Rows that an interrupted run had written before; undefined where there was none. */
  readonly basesBefore?: number
  /** In place of what was done, for people. */
  readonly text?: string
}

/** The end of a run that went well: the strongest sites, then one line, for machines the summary of SPEC. */
export function logSummary(log: Log, { seen, startTime, device, output, basesBefore, text }: Outcome): void {
  for (const line of seen.sites.lines()) log.info(line)
  const seconds = (performance.now() - startTime) / 1000
  const { bases } = seen
  const basesPerSecond = bases / seconds
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
  const speed = `${showCount(bases)} bases in ${showSeconds(seconds)} (${showCount(basesPerSecond)} bases/s, peak memory ${showBytes(peakMemoryBytes)})`
  const before = basesBefore === undefined ? {} : { basesBefore }
  log.done(text ?? `${speed}; wrote ${output === '-' ? 'standard output' : output}`, {
    bases,
    seconds,
    basesPerSecond,
    peakMemoryBytes,
    device,
    output,
    ...before,
  })
}
