import { ConfigError } from '../../src/errors.ts'
import { modelStem, stem } from './output-file.ts'
import { type VariantFormat, variantFormats, type VariantsRequest } from './variants-request.ts'

/** Where scored variants go and how; `path` is undefined for standard output. */
export interface VariantOutput {
  readonly path: string | undefined
  readonly format: VariantFormat
}

/**
 * The output's name and format: given, or `<vcf without extensions>.<model>.vcf` (`.vcf.gz` where the input is packed) in
 * the current folder, or standard output for standard input. ConfigError for an extension that is no format.
 */
export function chooseVariantOutput(request: VariantsRequest, modelName: string): VariantOutput {
  const { vcf, output = vcf === '-' ? '-' : undefined, format } = request
  if (output === '-') return { path: undefined, format: format ?? 'vcf' }
  if (output === undefined) {
    const chosen = format ?? (/\.b?gz$/i.test(vcf) ? 'vcf.gz' : 'vcf')
    return { path: `${stem(vcf).replace(/\.vcf$/i, '')}.${modelStem(modelName)}.${chosen}`, format: chosen }
  }
  return { path: output, format: format ?? formatOf(output) }
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
