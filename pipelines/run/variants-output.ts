import { ConfigError } from '../../src/errors.ts'
import { expectOutputName } from '../../src/io/bytes/output-place.ts'
import { readDoneVcf } from '../../src/io/output/done-vcf.ts'
import { readDoneOutput } from '../../src/io/output/resume-output.ts'
import { modelStem, stem } from './output-file.ts'
import type { Journal } from './resume.ts'
import { type VariantFormat, variantFormats, type VariantsRequest } from './variants-request.ts'

/** Where scored variants go and how; `path` is undefined for standard output. */
export interface VariantOutput {
  readonly path: string | undefined
  readonly format: VariantFormat
}

/**
 * The output's name and format: given, or `<vcf without extensions>.<model>.vcf` (`.vcf.gz` where the input is packed) in
 * the current folder, or standard output for standard input. Without a VCF `<fasta without extensions>.<model>.arrow`.
 * ConfigError for an extension that is no format, and for Arrow or Parquet on a terminal.
 */
export function chooseVariantOutput(
  request: Pick<VariantsRequest, 'fasta' | 'vcf' | 'output' | 'format'>,
  modelName: string,
  isTerminal: boolean,
): VariantOutput {
  const { fasta, vcf, output = vcf === '-' ? '-' : undefined, format } = request
  expectOutputName(output)
  if (output === '-') {
    const chosen = format ?? (vcf === undefined ? 'tsv' : 'vcf')
    if (isTerminal && (chosen === 'arrow' || chosen === 'parquet'))
      throw new ConfigError({
        where: 'standard output',
        what: 'is a terminal',
        remedy: 'give `output`, or redirect to a file or pipe',
      })
    return { path: undefined, format: chosen }
  }
  if (output !== undefined) return { path: output, format: format ?? formatOf(output) }
  const chosen = format ?? (vcf === undefined ? 'arrow' : /\.b?gz$/i.test(vcf) ? 'vcf.gz' : 'vcf')
  return { path: `${stem(vcf ?? fasta).replace(/\.vcf$/i, '')}.${modelStem(modelName)}.${chosen}`, format: chosen }
}

function formatOf(path: string): VariantFormat {
  const name = path.toLowerCase()
  for (const [format, extensions] of Object.entries(variantFormats))
    if (extensions.some((extension) => name.endsWith(extension))) return format as VariantFormat
  throw new ConfigError({
    where: path,
    option: 'output',
    what: 'no format has this extension',
    expected: Object.values(variantFormats)
      .map(([extension]) => extension)
      .join(', '),
    remedy: 'give `format`',
  })
}

/** How far an interrupted output of variants goes. */
export function variantsJournal(format: VariantFormat): Journal {
  const read: Partial<Record<VariantFormat, Journal['read']>> = {
    vcf: (path) => readDoneVcf(path, false),
    'vcf.gz': (path) => readDoneVcf(path, true),
    tsv: (path) => readDoneOutput(path, 'tsv'),
    arrow: (path) => readDoneOutput(path, 'arrow'),
  }
  return { name: format, read: read[format], resumable: 'vcf, vcf.gz, tsv or arrow' }
}
