import { basename, extname } from 'node:path'
import { ConfigError } from '../../src/errors.ts'
import type { Region } from '../../src/genome.ts'
import { expectOutputName } from '../../src/io/bytes/output-place.ts'
import { isWebUrl } from '../../src/io/bytes/web-url.ts'
import {
  type EmbeddingFormat,
  embeddingFormats,
  formatOfExtension,
  isEmbeddingFormat,
  isOneFile,
  type OutputFormat,
  outputFormats,
} from '../../src/io/output/formats.ts'

/** Where results go and how. `path` is undefined for standard output. */
export interface OutputChoice {
  readonly path: string | undefined
  readonly format: OutputFormat
}

/**
 * The output's name and format: given, or `<first input without extensions>.<model>.<format's extension>` in the current
 * folder, or standard output for standard input. ConfigError for an extension that is no format.
 */
export function chooseOutput(options: {
  output?: string
  format?: OutputFormat
  firstInput: string
  modelName: string
  /** Named in a default name where it is not predictions. */
  what?: string
  isTerminal: boolean
}): OutputChoice {
  const { output = options.firstInput === '-' ? '-' : undefined, format } = options
  expectOutputName(output)
  if (output === '-') {
    const chosen = format ?? 'arrows'
    if (!isOneFile(chosen))
      throw new ConfigError({
        where: `\`format: ${chosen}\``,
        what: 'standard output takes one file',
        expected: `a file's name: each track's file is named after it`,
        remedy: 'give `output`',
      })
    if (options.isTerminal && outputFormats[chosen].isBinary) {
      throw new ConfigError({
        where: 'standard output',
        what: 'is a terminal',
        remedy: 'give `output`, or redirect to a file or pipe',
      })
    }
    return { path: undefined, format: chosen }
  }
  if (output === undefined) {
    const chosen = format ?? 'arrow'
    const what = options.what === undefined ? '' : `.${options.what}`
    return {
      path: `${stem(options.firstInput)}.${modelStem(options.modelName)}${what}${outputFormats[chosen].extensions[0]}`,
      format: chosen,
    }
  }
  return { path: output, format: format ?? formatOfPath(output) }
}

/** ConfigError where the format has no lists. */
export function embeddingFormat(format: OutputFormat): EmbeddingFormat {
  if (isEmbeddingFormat(format)) return format
  throw new ConfigError({
    where: `\`format: ${format}\``,
    what: 'has no column of lists, which embeddings are',
    expected: embeddingFormats.join(', '),
  })
}

/** ConfigError where the format has one value per position and regions overlap. */
export function checkOverlaps(format: OutputFormat, regions: readonly Region[] | undefined): void {
  if (outputFormats[format].allowsOverlaps || !regions) return
  const ordered = regions.toSorted((a, b) => (a.contig === b.contig ? a.start - b.start : a.contig < b.contig ? -1 : 1))
  const show = ({ contig, start, end, name }: Region): string => name ?? `${contig}:${start}-${end}`
  for (const [i, region] of ordered.entries()) {
    const next = ordered[i + 1]
    if (next && next.contig === region.contig && next.start < region.end) {
      throw new ConfigError({
        where: `\`format: ${format}\``,
        what: `the regions ${show(region)} and ${show(next)} overlap`,
        expected: 'one value per position',
        remedy: 'merge them, or write arrow or tsv',
      })
    }
  }
}

function formatOfPath(path: string): OutputFormat {
  const extension = extname(path)
  const format = extension === '' ? 'arrow' : formatOfExtension(extension)
  if (format) return format
  throw new ConfigError({
    where: `\`output: ${path}\``,
    what: `no format has the extension ${extension}`,
    expected: Object.values(outputFormats)
      .map(({ extensions }) => extensions[0])
      .join(', '),
    remedy: 'give `format`',
  })
}

/** `data/chr20.GRCh37.fa.gz` and `https://host/chr20.GRCh37.fa.gz?x` -> `chr20.GRCh37`. */
export function stem(input: string): string {
  const name = isWebUrl(input) ? decodeURIComponent(new URL(input).pathname) : input
  const bare = basename(name)
    .replace(/\.(gz|bgz|bgzf)$/i, '')
    .replace(/\.(fa|fasta|fna|ffn|frn|fas|mfa)$/i, '')
  return bare || 'out'
}

/** What stands for a model in a file's name: its last part, without a weights file's extension. */
export function modelStem(name: string): string {
  return basename(name).replace(/\.(safetensors|pt|pth|ckpt|bin)$/i, '') || 'model'
}
