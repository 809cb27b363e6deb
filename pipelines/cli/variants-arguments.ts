import { ConfigError } from '../../src/errors.ts'
import { localPath } from '../../src/io/bytes/local-path.ts'
import type { TranscriptChoice } from '../../src/io/variants/annotation/transcript.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import { isInfoId, mostDigits, type VariantFormat, type VariantsRequest } from '../run/variants-request.ts'
import { parseMachineOptions } from './predict-arguments.ts'
import { parseBases, parseWhole } from './values.ts'
import { type Argv, Words } from './words.ts'

/** @throws ConfigError for any value that cannot be */
export function parseVariantsArguments(argv: Argv): VariantsRequest {
  const words = new Words(argv)
  const [fasta, vcf, genes] = [localPath(words.needed('fasta')), words.one('vcf'), words.one('genes')]
  const bedFiles = words.all('regions').map(localPath)
  if ([fasta, vcf, genes, ...bedFiles].filter((input) => input === '-').length > 1)
    throw new ConfigError({ where: '-', what: 'standard input is given twice', expected: 'once' })
  if (fasta === '-')
    throw new ConfigError({ where: '-', what: 'the FASTA cannot be standard input', remedy: 'save it to a file first' })
  if (words.isOn('mask') && words.isOn('mask-sites'))
    throw new ConfigError({ where: '--mask', what: 'cannot be combined with --mask-sites', remedy: 'give one of them' })
  return {
    fasta,
    ...whatIsScored(words, vcf),
    bedFiles,
    genes,
    models: words.all('model'),
    output: words.one('output'),
    format: words.one('format') as VariantFormat | undefined,
    transcripts: transcriptChoice(words.one('transcripts')),
    distance: words.parsed('distance', parseBases) ?? 50,
    context: words.parsed('context', parseBases),
    mask: words.isOn('mask') ? 'boundary' : words.isOn('mask-sites') ? 'sites' : undefined,
    mnv: (words.one('mnv') ?? 'scores') as 'scores' | 'dots',
    normalize: (words.one('normalize') ?? 'asis') as 'asis' | 'left' | 'trim',
    raw: words.isOn('raw'),
    digits: words.parsed('precision-digits', parseDigits) ?? 2,
    infoId: words.parsed('info-id', parseInfoId) ?? 'GENOCONV',
    replace: words.isOn('replace'),
    givesReasons: argv['reasons'] !== false,
    onBadRecord: (words.one('on-bad-record') ?? 'error') as 'error' | 'keep',
    precision: (words.one('precision') ?? 'f32') as Precision,
    resume: words.isOn('resume'),
    ...parseMachineOptions(words),
  }
}

/** A VCF, or every small change of regions: one of the two. */
function whatIsScored(
  words: Words,
  vcf: string | undefined,
): Pick<VariantsRequest, 'vcf' | 'everySnv' | 'everyIndel' | 'regionTexts'> {
  const [everySnv, everyIndel] = [words.isOn('every-snv'), words.isOn('every-indel')]
  const regionTexts = words.all('region')
  const hasRegions = regionTexts.length + words.all('regions').length > 0
  const remedy = 'or --every-snv, --every-indel and --regions or --region for every small change of regions'
  if (vcf === undefined && !everySnv && !everyIndel)
    throw new ConfigError({ where: 'variants', what: 'no VCF is given', expected: 'a VCF after the FASTA', remedy })
  if (vcf !== undefined && (everySnv || everyIndel || hasRegions))
    throw new ConfigError({
      where: vcf,
      what: 'a VCF cannot be combined with --every-snv, --every-indel, --region or --regions',
      remedy: 'leave out one of them',
    })
  if (vcf === undefined && !hasRegions)
    throw new ConfigError({
      where: everySnv ? '--every-snv' : '--every-indel',
      what: 'no regions are given',
      expected: '--regions or --region',
      remedy: "a contig's name is the region of all of it",
    })
  return { vcf: vcf && localPath(vcf), everySnv, everyIndel, regionTexts }
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
  if (digits > mostDigits)
    throw new ConfigError({ where: option, what: 'bad value', expected: `1 to ${mostDigits}`, got: value })
  return digits
}

function parseInfoId(option: string, value: string): string {
  if (isInfoId(value)) return value
  throw new ConfigError({ where: option, what: 'bad value', expected: 'letters, digits, _ and .', got: value })
}
