import { ConfigError } from '../../src/errors.ts'
import type { Pool } from '../embed/pool.ts'
import { type PlannedRun, runPredict } from '../run/run-predict.ts'
import type { EmbeddingRequest } from '../run/request.ts'
import { describeDryRun } from './dry-run.ts'
import type { Environment } from './environment.ts'
import { parsePredictArguments } from './predict-arguments.ts'
import { print } from './print.ts'
import { logSummary } from './summary.ts'
import { type Argv, Words } from './words.ts'

/** What the command does once yargs has split its words. */
export async function embed(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const onPlanned = async (run: PlannedRun): Promise<void> => print(await describeDryRun(run, words.isOn('json')))
  const request = { ...parsePredictArguments(argv), embedding: parseEmbedding(words) }
  const outcome = await runPredict(request, { log, signal, onPlanned: words.isOn('dry-run') ? onPlanned : undefined })
  if (outcome) logSummary(log, outcome)
}

/** What is read, and how it is pooled. @throws ConfigError for a layer that is no whole number */
export function parseEmbedding(words: Words): EmbeddingRequest {
  return {
    layer: words.parsed('layer', parseLayer) ?? -1,
    pool: (words.one('pool') ?? 'mean') as Pool,
  }
}

function parseLayer(option: string, value: string): number {
  if (/^(-1|\d{1,6})$/.test(value.trim())) return Number(value)
  throw new ConfigError({ where: option, what: 'bad value', expected: '-1, 0 or the number of a layer', got: value })
}
