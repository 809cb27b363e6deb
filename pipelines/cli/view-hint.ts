import { stat } from 'node:fs/promises'
import type { Contig } from '../../src/genome.ts'
import { localFileOf } from '../../src/io/bytes/local-path.ts'
import { matchContig } from '../../src/io/variants/contig-names.ts'
import { defaultModelName } from '../models/load-checkpoint.ts'
import { quoted } from '../run/origin.ts'
import { modelStem, stem } from '../run/output-file.ts'
import type { PredictRequest } from '../run/request.ts'
import type { RunOutcome } from '../run/run-predict.ts'
import type { VariantsOutcome } from '../run/run-variants.ts'
import type { VariantsRequest } from '../run/variants-request.ts'
import type { StrongChange } from '../run/variants-tally.ts'

/** Of the sequence around a change: enough to see a gene's next exons, computed in seconds. */
const basesAround = 5000

/** The command that shows what a run of `predict` wrote; undefined where `view` does not read it. */
export async function predictionsHint(
  { inputs }: Pick<PredictRequest, 'inputs'>,
  { output, format }: Pick<RunOutcome, 'output' | 'format'>,
): Promise<string | undefined> {
  if (!(format === 'arrow' || format === 'parquet') || !(await isFile(output))) return undefined
  const fasta = inputs.length === 1 ? localFileOf(inputs[0]) : undefined
  return `to look at it: ${viewCommand(output, { fasta: await ifFile(fasta) })}`
}

/**
 * The command that shows scored variants: on the predictions for the same FASTA file and models that are here under the name
 * `predict` gives them, else on those of a short stretch around the strongest change. Undefined where nothing can be shown.
 */
export async function variantsHint(
  { fasta, genes, models }: Pick<VariantsRequest, 'fasta' | 'genes' | 'models'>,
  { output, tally, contigs = [] }: Pick<VariantsOutcome, 'output' | 'tally' | 'contigs'>,
): Promise<string | undefined> {
  const name = models[0] ?? defaultModelName()
  if (name === undefined || fasta === '-' || !(await isFile(output))) return undefined
  const beside = {
    fasta: await ifFile(localFileOf(fasta)),
    genes: genes === undefined || genes === 'none' ? undefined : await ifFile(localFileOf(genes)),
    variants: output,
  }
  const predictions = `${stem(fasta)}.${modelStem(name)}.arrow`
  if (await isFile(predictions)) return `to look at them: ${viewCommand(predictions, beside)}`
  const strongest = tally.strongest[0]
  const around = regionAround(strongest, contigs)
  if (around === undefined) return undefined
  const file = `${stem(fasta)}.strongest.arrow`
  const options = models.map((model): Option => ['model', model])
  const predict = command('genoconv predict', fasta, [
    ...options,
    ['region', around],
    ['strand', strongest.strand === '-' ? '-' : undefined],
    ['output', file],
  ])
  return `to look at the strongest: ${predict} && ${viewCommand(file, beside)}`
}

/** Region text of the sequence around a change, as much as its contig has. */
function regionAround(change: StrongChange | undefined, contigs: readonly Contig[]): string | undefined {
  if (!change) return undefined
  const lengths = new Map(contigs.map(({ name, length }) => [name, length]))
  const name = matchContig(change.contig, lengths)
  if (name === undefined) return undefined
  const [first, last] = [Math.max(1, change.pos - basesAround), Math.min(lengths.get(name)!, change.pos + basesAround)]
  return `${name.includes(':') ? `{${name}}` : name}:${first}-${last}`
}

type Option = readonly [name: string, value: string | undefined]

const viewCommand = (predictions: string, options: Readonly<Record<string, string | undefined>>): string =>
  command('genoconv view', predictions, Object.entries(options))

/** A command as it can be typed: a file whose name begins with a dash would be an option. */
const command = (name: string, input: string, options: readonly Option[]): string =>
  [
    name,
    quoted(input.startsWith('-') ? `./${input}` : input),
    ...options.flatMap(([option, value]) =>
      value === undefined
        ? []
        : [value.startsWith('-') ? `--${option}=${quoted(value)}` : `--${option} ${quoted(value)}`],
    ),
  ].join(' ')

const ifFile = async (path: string | undefined): Promise<string | undefined> =>
  path !== undefined && (await isFile(path)) ? path : undefined

/** Not so for `-`, pipes and devices. */
const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => path !== '-' && found.isFile(),
    () => false,
  )
