import { localFileOf } from '../../src/io/bytes/local-path.ts'
import { planConstantsPath } from '../device/plan-constants.ts'
import { modelFilesHere } from '../models/load-checkpoint.ts'
import type { PredictRequest } from './request.ts'

/** A FASTA and its index files, whether these exist or not; a URL or standard input as it is. */
function fastaFiles(input: string): string[] {
  const path = localFileOf(input)
  return path === undefined ? [input] : [path, `${path}.fai`, `${path}.gzi`]
}

/**
 * Every file that a run may read: none of them may be its output. Models that are still to be downloaded have no files.
 *
 * @throws ConfigError, FormatError for a model that cannot be found
 */
export async function filesRead({
  inputs,
  bedFiles,
  models,
}: Pick<PredictRequest, 'inputs' | 'bedFiles' | 'models'>): Promise<string[]> {
  return [...inputs.flatMap(fastaFiles), ...bedFiles, ...(await modelFilesHere(models)), planConstantsPath()]
}
