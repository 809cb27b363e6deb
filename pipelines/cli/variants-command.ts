import type { Argv, CommandModule, Options } from 'yargs'
import { ConfigError } from '../../src/errors.ts'
import type { TranscriptChoice } from '../../src/io/variants/annotation/transcript.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import { runVariants, type VariantsOutcome } from '../run/run-variants.ts'
import type { Log } from '../run/log.ts'
import { showBytes, showCount, showSeconds } from '../run/show.ts'
import { variantFormats, type VariantFormat, type VariantsRequest } from '../run/variants-request.ts'
import type { Environment } from './environment.ts'
import { createLog } from './log.ts'
import { logOptions, runOptions } from './predict-arguments.ts'
import { parseBases, parseBytes, parseWhole } from './values.ts'

const text = (describe: string, more: Options = {}): Options => ({
  type: 'string',
  requiresArg: true,
  describe,
  ...more,
})
const group = (name: string, options: Record<string, Options>): Record<string, Options> =>
  Object.fromEntries(Object.entries(options).map(([key, option]) => [key, { ...option, group: `${name}:` }]))

const { model, device, precision, memory, threads } = runOptions

const scoreOptions = {
  ...group('What is scored', {
    model,
    genes: text(
      'GFF3, GTF, BED12 or a table in the form of SpliceAI, plain or gzip; none: both strands, no gene needed',
    ),
    transcripts: text('canonical (one a gene), all, or transcript ids, comma-separated', { default: 'canonical' }),
    distance: text('Bases on each side in which a gain or loss is looked for', { alias: 'D', default: '50' }),
    mask: { type: 'boolean', describe: "SpliceAI's mask: no gains at the nearest exon boundary, no losses elsewhere" },
    'mask-sites': {
      type: 'boolean',
      describe: 'At every position: no gains at annotated sites, no losses elsewhere, by kind of site',
    },
    mnv: text('Alleles with several bases in REF and ALT: scores, or dots as in SpliceAI', {
      choices: ['scores', 'dots'],
      default: 'scores',
    }),
  }),
  ...group('How it is computed', { device, precision, memory, threads }),
  ...group('Output', {
    output: text('File to write; - is standard output (default: <vcf>.<model>.vcf here)', { alias: 'o' }),
    format: text("Format (default: from the output's extension)", { choices: Object.keys(variantFormats) }),
    'info-id': text('Name of the INFO field', { default: 'GENOCONV' }),
    replace: { type: 'boolean', describe: 'Replace entries of that name that the VCF has' },
    'precision-digits': text('Decimals of the scores in a VCF', { default: '2' }),
    reasons: {
      type: 'boolean',
      default: true,
      describe: 'Say in <info-id>_SKIPPED why an allele has no score (--no-reasons: do not)',
    },
    'on-bad-record': text('A malformed record: error, or keep (passed through as it is)', {
      choices: ['error', 'keep'],
      default: 'error',
    }),
  }),
} as const

export const variantsCommand = ({ signal }: Environment): CommandModule => ({
  command: 'variants <fasta> <vcf>',
  describe: 'What each variant of a VCF changes, in the terms of SpliceAI',
  builder: (yargs: Argv) =>
    yargs
      .positional('fasta', { type: 'string', demandOption: true, describe: 'FASTA file: plain, gzip or BGZF' })
      .positional('vcf', {
        type: 'string',
        demandOption: true,
        describe: 'VCF: plain, gzip or BGZF; - is standard input',
      })
      .options({ ...scoreOptions, ...logOptions })
      .example('$0 variants genome.fa.gz in.vcf.gz --genes genes.gff3.gz -o out.vcf.gz', 'every allele in every gene')
      .example(
        '$0 variants genome.fa in.vcf --genes genes.gtf -m a.pt -m b.pt -D 500 --mask -o out.vcf',
        'an ensemble, 500 bases on each side, masked',
      )
      .example('$0 variants genome.fa in.vcf --genes none --format tsv -o -', 'both strands, as a table'),
  handler: async (argv) => {
    const request = parseVariantsArguments(argv)
    const log = createLog({ quiet: argv['quiet'] === true, json: argv['json'] === true, debug: argv['debug'] === true })
    logVariants(log, await runVariants(request, { log, signal }))
  },
})

/** ConfigError for any value that cannot be. */
export function parseVariantsArguments(argv: Readonly<Record<string, unknown>>): VariantsRequest {
  const one = (name: string): string | undefined => {
    const value = argv[name]
    if (Array.isArray(value))
      throw new ConfigError({ where: `--${name}`, what: 'given twice', expected: 'once', got: value.join(' and ') })
    return value === undefined ? undefined : String(value)
  }
  const parsed = <T>(name: string, parse: (option: string, value: string) => T): T | undefined => {
    const value = one(name)
    return value === undefined ? undefined : parse(`--${name}`, value)
  }
  const [fasta, vcf, genes] = [one('fasta')!, one('vcf')!, one('genes')]
  if ([fasta, vcf, genes].filter((input) => input === '-').length > 1)
    throw new ConfigError({ where: '-', what: 'standard input is given twice', expected: 'once' })
  if (fasta === '-')
    throw new ConfigError({ where: '-', what: 'the FASTA cannot be standard input', remedy: 'save it to a file first' })
  if (argv['mask'] === true && argv['mask-sites'] === true)
    throw new ConfigError({ where: '--mask', what: 'cannot be combined with --mask-sites', remedy: 'give one of them' })
  return {
    fasta,
    vcf,
    genes,
    models: argv['model'] === undefined ? [] : [argv['model']].flat().map(String),
    output: one('output'),
    format: one('format') as VariantFormat | undefined,
    transcripts: transcriptChoice(one('transcripts')),
    distance: parsed('distance', parseBases) ?? 50,
    mask: argv['mask'] === true ? 'boundary' : argv['mask-sites'] === true ? 'sites' : undefined,
    mnv: one('mnv') as 'scores' | 'dots',
    digits: parsed('precision-digits', parseDigits) ?? 2,
    infoId: parsed('info-id', parseInfoId) ?? 'GENOCONV',
    replace: argv['replace'] === true,
    givesReasons: argv['reasons'] !== false,
    onBadRecord: one('on-bad-record') as 'error' | 'keep',
    device: (one('device') ?? 'auto') as VariantsRequest['device'],
    precision: (one('precision') ?? 'f32') as Precision,
    memory: parsed('memory', parseBytes),
    threads: parsed('threads', (option, value) => parseWhole(option, value, 1)),
  }
}

function transcriptChoice(value = 'canonical'): TranscriptChoice {
  if (value === 'canonical' || value === 'all') return value
  return value
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
}

function parseDigits(option: string, value: string): number {
  const digits = parseWhole(option, value, 1)
  if (digits > 9) throw new ConfigError({ where: option, what: 'bad value', expected: '1 to 9', got: value })
  return digits
}

function parseInfoId(option: string, value: string): string {
  if (/^[A-Za-z_][0-9A-Za-z_.]*$/.test(value)) return value
  throw new ConfigError({ where: option, what: 'bad value', expected: 'letters, digits, _ and .', got: value })
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
