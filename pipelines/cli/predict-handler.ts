import { type PlannedRun, runPredict } from '../run/run-predict.ts'
import { describeDryRun } from './dry-run.ts'
import type { Environment } from './environment.ts'
import { parsePredictArguments } from './predict-arguments.ts'
import { print } from './print.ts'
import { logSummary } from './summary.ts'
import { predictionsHint } from './view-hint.ts'
import { type Argv, Words } from './words.ts'

/** What the command does once yargs has split its words. */
export async function predict(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const onPlanned = async (run: PlannedRun): Promise<void> => print(await describeDryRun(run, words.isOn('json')))
  const request = parsePredictArguments(argv)
  const outcome = await runPredict(request, {
    log,
    signal,
    onPlanned: words.isOn('dry-run') ? onPlanned : undefined,
  })
  if (outcome) logSummary(log, outcome, await predictionsHint(request, outcome))
}
