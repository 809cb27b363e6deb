import type { RunOutcome } from '../run/run-predict.ts'
import { showBytes, showCount, showSeconds } from '../run/show.ts'
import type { Log } from '../run/log.ts'

/**
 * The end of a run that went well: the strongest sites, a hint at what to do next, then one line; for machines, the summary
 * as an object.
 */
export function logSummary(log: Log, outcome: RunOutcome, hint?: string): void {
  const { tally, startTime, device, output, basesBefore, wasComplete } = outcome
  for (const line of tally.sites.lines()) log.info(line)
  if (hint !== undefined) log.info(hint)
  const seconds = (performance.now() - startTime) / 1000
  const { bases } = tally
  const basesPerSecond = bases / seconds
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
  const speed = `${showCount(bases)} bases in ${showSeconds(seconds)} (${showCount(basesPerSecond)} bases/s, peak memory ${showBytes(peakMemoryBytes)})`
  const before = basesBefore === undefined ? {} : { basesBefore }
  log.done(
    wasComplete ? `${output} is complete already` : `${speed}; wrote ${output === '-' ? 'standard output' : output}`,
    {
      bases,
      seconds,
      basesPerSecond,
      peakMemoryBytes,
      device,
      output,
      ...before,
    },
  )
}
