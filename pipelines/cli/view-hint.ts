import { access, stat } from 'node:fs/promises'
import { localFileOf } from '../../src/io/bytes/local-path.ts'
import { defaultModelName } from '../models/load-checkpoint.ts'
import { quoted } from '../run/origin.ts'
import { modelStem, stem } from '../run/output-file.ts'
import type { RunOutcome } from '../run/run-predict.ts'
import type { VariantsOutcome } from '../run/run-variants.ts'
import type { VariantsRequest } from '../run/variants-request.ts'

const say = (command: string): string => `to look at it: ${command}`

/** The command that shows what a run of `predict` wrote; undefined where `view` does not read it. */
export async function predictionsHint({ output, format }: RunOutcome): Promise<string | undefined> {
  if (!(format === 'arrow' || format === 'parquet') || !(await isFile(output))) return undefined
  return say(`genoconv view ${quoted(output)}`)
}

/**
 * The command that shows scored variants, on the predictions that `predict` writes for the same FASTA file and models; where
 * these are not here, `predict` comes first. Undefined where `view` does not read what was written.
 */
export async function variantsHint(
  { fasta, genes, models }: VariantsRequest,
  { output, format }: VariantsOutcome,
): Promise<string | undefined> {
  const first = models[0] ?? defaultModelName()
  if (!(format === 'vcf' || format === 'vcf.gz') || !(await isFile(output))) return undefined
  if (first === undefined || fasta === '-') return undefined
  const predictions = `${stem(fasta)}.${modelStem(first)}.arrow`
  const options = models.map((model) => ` --model ${quoted(model)}`).join('')
  const isThere = await access(predictions).then(
    () => true,
    () => false,
  )
  const predict = isThere ? '' : `genoconv predict ${quoted(fasta)}${options} && `
  const geneFile = genes === undefined || genes === 'none' ? undefined : localFileOf(genes)
  const withGenes = geneFile === undefined ? '' : ` --genes ${quoted(geneFile)}`
  return say(`${predict}genoconv view ${quoted(predictions)}${withGenes} --variants ${quoted(output)}`)
}

/** Not so for `-`, pipes and devices. */
const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => path !== '-' && found.isFile(),
    () => false,
  )
