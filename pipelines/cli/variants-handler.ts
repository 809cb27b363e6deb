import type { Log } from '../run/log.ts'
import { runVariants, type VariantsOutcome } from '../run/run-variants.ts'
import { showBytes, showCount, showSeconds } from '../run/show.ts'
import type { Environment } from './environment.ts'
import { parseVariantsArguments } from './variants-arguments.ts'
import type { Argv } from './words.ts'

/** What `genoconv variants` does once yargs has split its words. */
export async function variants(argv: Argv, { log, signal }: Environment): Promise<void> {
  logVariants(log, await runVariants(parseVariantsArguments(argv), { log, signal }))
}

/** The end of a run that went well: the strongest changes, reasons, then one line. */
function logVariants(log: Log, { tally, startTime, device: place, output }: VariantsOutcome): void {
  const { strongest, records, scores, reasons } = tally
  for (const { contig, pos, ref, alt, gene, effect, score, offset } of strongest)
    log.info(
      `${contig}:${pos} ${shorten(ref)}>${shorten(alt)} ${gene}: ${effect} ${score.toFixed(2)} at ${offset < 0 ? '' : '+'}${offset}`,
    )
  const skipped = [...reasons].map(([reason, count]) => `${showCount(count)} ${reason}`)
  if (skipped.length > 0) log.info(`alleles without a score: ${skipped.join(', ')}`)
  const seconds = (performance.now() - startTime) / 1000
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
  log.done(
    `${showCount(records)} records, ${showCount(scores)} scores in ${showSeconds(seconds)} (${showCount((records / seconds) * 3600)} records an hour, peak memory ${showBytes(peakMemoryBytes)}); wrote ${output === '-' ? 'standard output' : output}`,
    {
      records,
      scores,
      skipped: Object.fromEntries(reasons),
      strongest,
      seconds,
      peakMemoryBytes,
      device: place,
      output,
    },
  )
}

const shorten = (allele: string): string => (allele.length <= 20 ? allele : `${allele.slice(0, 17)}…`)
