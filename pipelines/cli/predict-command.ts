import type { CommandModule } from 'yargs'
import type { Log } from '../run/log.ts'
import { type PlannedRun, runPredict } from '../run/run-predict.ts'
import { describeDryRun } from './dry-run.ts'
import type { Environment } from './environment.ts'
import { createLog } from './log.ts'
import { type PredictArguments, parsePredictArguments, predictBuilder } from './predict-arguments.ts'
import { print } from './print.ts'
import { logSummary } from './summary.ts'

export const predictCommand = ({ signal }: Environment): CommandModule => ({
  command: 'predict <fasta..>',
  describe: 'Per-base predictions, for every record or for regions',
  builder: predictBuilder,
  handler: async (argv) => {
    const args = parsePredictArguments(argv)
    await runPredictCommand(args, createLog(args), signal)
  },
})

/** What the command does once its words are read. */
export async function runPredictCommand(args: PredictArguments, log: Log, signal: AbortSignal): Promise<void> {
  const onPlanned = async (run: PlannedRun): Promise<void> => {
    const text = await describeDryRun(run, args.json)
    await print(text)
  }
  const outcome = await runPredict(args, { log, signal, onPlanned: args.dryRun ? onPlanned : undefined })
  if (outcome) logSummary(log, outcome)
}
