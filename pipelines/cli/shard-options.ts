import type { Options } from 'yargs'
import { ConfigError } from '../../src/errors.ts'
import { variantFormats } from '../run/variants-request.ts'
import { embeddingOptions, embedOptions, group, runOptions, text } from './options.ts'
import { scoreOptions } from './variants-command.ts'
import type { Argv } from './words.ts'

/** The commands that can be cut into shards. */
export type Cut = 'predict' | 'embed' | 'variants'

// What of a run is not of its plan.
const { output: _output, resume: _resume, 'dry-run': _dryRun, format: _format, ...ofVariants } = scoreOptions

/** As `variants` has it, with the default in words: a value would look like one that was given. */
const withoutDefault = ({ default: value, describe, ...option }: Options): Options => ({
  ...option,
  describe: value === undefined || value === true ? describe : `${describe} (default: ${value})`,
})

const variantOptions: Record<string, Options> = Object.fromEntries(
  Object.entries(ofVariants)
    .filter(([name]) => !(name in runOptions))
    .map(([name, option]) => [name, { ...withoutDefault(option), group: 'With --variants or --every-...:' }]),
)

/** Options of `shard plan`, apart from the manifest's. */
export const planOptions = {
  ...group('What is cut', {
    variants: text('A run of variants over this VCF, instead of one of predict'),
    'every-snv': ofVariants['every-snv'],
    'every-indel': ofVariants['every-indel'],
    embed: { type: 'boolean', describe: 'A run of embed, instead of one of predict' },
  }),
  ...runOptions,
  ...Object.fromEntries(
    Object.entries(embeddingOptions).map(([name, option]) => [name, { ...option, group: 'With --embed:' }]),
  ),
  ...Object.fromEntries(Object.entries(variantOptions).filter(([name]) => !name.startsWith('every-'))),
  ...group('With --variants or --every-...', {
    format: text('What is written in the end (default: vcf, which becomes vcf.gz too; without a VCF arrow)', {
      choices: Object.keys(variantFormats),
    }),
  }),
} as const

const machineOptions = ['model', 'region', 'regions', 'context', 'device', 'precision', 'memory', 'threads']
const optionsOf: Readonly<Record<Cut, readonly string[]>> = {
  predict: Object.keys(runOptions),
  embed: ['embed', ...Object.keys(embedOptions).filter((name) => name in runOptions || name in embeddingOptions)],
  variants: [...machineOptions, ...Object.keys(variantOptions), 'variants', 'format'],
}

/** Which command's run is planned. @throws ConfigError for an option that this command does not have */
export function cutOf(argv: Argv): Cut {
  const isGiven = (...names: readonly string[]): boolean => names.some((name) => argv[name] !== undefined)
  const cut = isGiven('variants', 'every-snv', 'every-indel')
    ? 'variants'
    : argv['embed'] === true || isGiven(...Object.keys(embeddingOptions))
      ? 'embed'
      : 'predict'
  const wrong = Object.keys(planOptions).find((name) => argv[name] !== undefined && !optionsOf[cut].includes(name))
  if (wrong === undefined) return cut
  throw new ConfigError({
    where: `--${wrong}`,
    what: `is no option of ${cut}, whose run is to be cut`,
    remedy: cut === 'predict' ? 'give --variants, or leave it out' : 'leave it out',
  })
}
