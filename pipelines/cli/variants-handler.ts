import type { Log } from '../run/log.ts'
import { type PlannedVariants, runVariants, type VariantsOutcome } from '../run/run-variants.ts'
import { showBytes, showCount, showCounted, showSeconds } from '../run/show.ts'
import type { VariantCounts } from '../run/variants-tally.ts'
import type { Environment } from './environment.ts'
import { print } from './print.ts'
import { parseVariantsArguments } from './variants-arguments.ts'
import { describeVariantsDryRun } from './variants-dry-run.ts'
import { variantsHint } from './view-hint.ts'
import { type Argv, Words } from './words.ts'

/** What `genoconv variants` does once yargs has split its words. */
export async function variants(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const onPlanned = async (run: PlannedVariants): Promise<void> =>
    print(await describeVariantsDryRun(run, words.isOn('json')))
  const request = parseVariantsArguments(argv)
  const outcome = await runVariants(request, {
    log,
    signal,
    onPlanned: words.isOn('dry-run') ? onPlanned : undefined,
  })
  if (outcome) logVariants(log, outcome, await variantsHint(request, outcome))
}

/** The end of a run that went well: the strongest changes, reasons, a hint at what to do next, then one line. */
function logVariants(log: Log, outcome: VariantsOutcome, hint?: string): void {
  const { tally, startTime, device: place, output, rowsBefore, wasComplete } = outcome
  const { strongest, records, scores, reasons } = tally
  logCounts(log, tally)
  const seconds = (performance.now() - startTime) / 1000
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
  if (rowsBefore !== undefined && strongest.length > 0)
    log.info('the strongest changes are those of this run; what was done before it is not among them')
  if (hint !== undefined) log.info(hint)
  log.done(
    wasComplete
      ? `${output} is complete already`
      : `${showCounted(records, 'record')}, ${showCounted(scores, 'score')} in ${showSeconds(seconds)} (${showCount((records / seconds) * 3600)} records an hour, peak memory ${showBytes(peakMemoryBytes)}); wrote ${output === '-' ? 'standard output' : output}`,
    {
      records,
      scores,
      skipped: Object.fromEntries(reasons),
      strongest,
      seconds,
      peakMemoryBytes,
      device: place,
      output,
      ...(rowsBefore === undefined ? {} : { rowsBefore }),
    },
  )
}

/** The strongest changes, and reasons. */
export function logCounts(log: Log, { strongest, reasons }: VariantCounts): void {
  for (const { contig, pos, ref, alt, gene, effect, score, offset } of strongest)
    log.info(
      `${contig}:${pos} ${shorten(ref)}>${shorten(alt)}${gene === '.' ? '' : ` ${gene}`}: ${effect} ${score.toFixed(2)}${offset === undefined ? '' : ` at ${offset < 0 ? '' : '+'}${offset}`}`,
    )
  const skipped = [...reasons].map(([reason, count]) => `${showCount(count)} ${reason}`)
  if (skipped.length > 0) log.info(`alleles without a score: ${skipped.join(', ')}`)
}

const shorten = (allele: string): string => (allele.length <= 20 ? allele : `${allele.slice(0, 17)}…`)
