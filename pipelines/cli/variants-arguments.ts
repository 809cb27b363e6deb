import { ConfigError } from '../../src/errors.ts'
import type { TranscriptChoice } from '../../src/io/variants/annotation/transcript.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import type { VariantFormat, VariantsRequest } from '../run/variants-request.ts'
import { parseMachineOptions } from './predict-arguments.ts'
import { parseBases, parseWhole } from './values.ts'
import { type Argv, Words } from './words.ts'

/** @throws ConfigError for any value that cannot be */
export function parseVariantsArguments(argv: Argv): VariantsRequest {
  const words = new Words(argv)
  const [fasta, vcf, genes] = [words.needed('fasta'), words.needed('vcf'), words.one('genes')]
  if ([fasta, vcf, genes].filter((input) => input === '-').length > 1)
    throw new ConfigError({ where: '-', what: 'standard input is given twice', expected: 'once' })
  if (fasta === '-')
    throw new ConfigError({ where: '-', what: 'the FASTA cannot be standard input', remedy: 'save it to a file first' })
  if (words.isOn('mask') && words.isOn('mask-sites'))
    throw new ConfigError({ where: '--mask', what: 'cannot be combined with --mask-sites', remedy: 'give one of them' })
  return {
    fasta,
    vcf,
    genes,
    models: words.all('model'),
    output: words.one('output'),
    format: words.one('format') as VariantFormat | undefined,
    transcripts: transcriptChoice(words.one('transcripts')),
    distance: words.parsed('distance', parseBases) ?? 50,
    mask: words.isOn('mask') ? 'boundary' : words.isOn('mask-sites') ? 'sites' : undefined,
    mnv: words.one('mnv') as 'scores' | 'dots',
    normalize: words.one('normalize') as 'asis' | 'left' | 'trim',
    raw: words.isOn('raw'),
    digits: words.parsed('precision-digits', parseDigits) ?? 2,
    infoId: words.parsed('info-id', parseInfoId) ?? 'GENOCONV',
    replace: words.isOn('replace'),
    givesReasons: argv['reasons'] !== false,
    onBadRecord: words.one('on-bad-record') as 'error' | 'keep',
    precision: (words.one('precision') ?? 'f32') as Precision,
    ...parseMachineOptions(words),
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
