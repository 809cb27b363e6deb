import { stat } from 'node:fs/promises'
import type { Genome } from '../../src/genome.ts'
import { hashFile } from '../../src/io/bytes/file-hash.ts'
import { localFileOf, nameOfInput } from '../../src/io/bytes/local-path.ts'
import type { Model } from '../../src/model/model.ts'
import { commandText, type RunOrigin } from './origin.ts'
import { isContentHashed } from './metadata.ts'
import type { VariantsRequest } from './variants-request.ts'
import { version } from './version.ts'

/** Options that change scores, by the names of the library. */
export function scoreParameters(request: VariantsRequest): Record<string, string | number | boolean> {
  const { transcripts, distance, context, mask, mnv, normalize } = request
  return {
    transcripts: typeof transcripts === 'string' ? transcripts : transcripts.join(' '),
    distance,
    ...(context === undefined ? {} : { context }),
    mask: mask ?? 'none',
    mnv,
    normalize,
  }
}

/** The value of the `##genoconv` header line: what the scores were made with. */
export function provenanceOf({ info, backend }: Model, request: VariantsRequest): string {
  const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
  const { transcripts, ...others } = scoreParameters(request)
  const fields: [string, string | number | boolean][] = [
    ['version', version()],
    ['model', quoted(info.name)],
    ['sha256', quoted(info.sha256)],
    ['genes', quoted(request.genes === undefined ? 'none' : nameOfInput(request.genes))],
    ['transcripts', quoted(String(transcripts))],
    ...Object.entries(others),
    ['precision', backend.precision],
  ]
  return `<ID=${request.infoId},${fields.map(([key, value]) => `${key}=${value}`).join(',')}>`
}

/** A `variants` command that repeats the run, and the BED files. */
export async function variantsOrigin(
  request: VariantsRequest & { threads: number },
  signal?: AbortSignal,
): Promise<RunOrigin> {
  const { fasta, vcf, genes, regionTexts, bedFiles, everySnv, everyIndel, transcripts, mask, memory, threads } = request
  const regionFiles = []
  for (const path of bedFiles)
    if (path !== '-') regionFiles.push({ name: nameOfInput(path), ...(await hashFile(path, signal)) })
  const options: [name: string, value: string | number | true | undefined][] = [
    ['genes', genes === undefined || genes === 'none' ? genes : nameOfInput(genes)],
    ...regionTexts.map((text): [string, string] => ['region', text]),
    ...bedFiles.map((path): [string, string] => ['regions', nameOfInput(path)]),
    ['every-snv', everySnv || undefined],
    ['every-indel', everyIndel || undefined],
    ['transcripts', transcripts === 'canonical' ? undefined : [transcripts].flat().join(',')],
    ['distance', request.distance],
    ['context', request.context],
    ['mask', mask === 'boundary' || undefined],
    ['mask-sites', mask === 'sites' || undefined],
    ['mnv', request.mnv === 'scores' ? undefined : request.mnv],
    ['normalize', request.normalize === 'asis' ? undefined : request.normalize],
    ['raw', request.raw || undefined],
    ['precision', request.precision === 'f32' ? undefined : request.precision],
    ['memory', memory],
    ['threads', threads],
  ]
  const inputs = [fasta, ...(vcf === undefined ? [] : [vcf])]
  return { command: await commandText('variants', inputs, request.models, options), regionFiles }
}

/** The schema metadata of a table of scores. */
export async function variantsMetadata(
  model: Model,
  genome: Genome,
  request: VariantsRequest,
  origin: RunOrigin,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const files = []
  for (const [role, name] of Object.entries({ fasta: request.fasta, vcf: request.vcf, genes: request.genes })) {
    if (name === undefined || name === 'none') continue
    files.push({ role, name: nameOfInput(name), ...(await identity(name, signal)) })
  }
  const contigs = (await genome.contigs(signal)).map(({ name, length }) => ({ name, length }))
  return new Map([
    ['genoconv.version', version()],
    ['genoconv.model', model.info.name],
    ['genoconv.model_sha256', model.info.sha256],
    ['genoconv.device', model.backend.description],
    ['genoconv.parameters', JSON.stringify({ ...scoreParameters(request), precision: model.backend.precision })],
    ['genoconv.run', JSON.stringify({ command: origin.command, node: process.version })],
    ['genoconv.input', JSON.stringify({ files, contigs })],
  ])
}

/** Size and, of small files, SHA-256; null where there is nothing to be read twice. */
async function identity(input: string, signal?: AbortSignal): Promise<{ bytes: number | null; sha256: string | null }> {
  const path = localFileOf(input)
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined)
  if (path === undefined || !found?.isFile()) return { bytes: null, sha256: null }
  const sha256 = isContentHashed(found.size, false) ? (await hashFile(path, signal)).sha256 : null
  return { bytes: found.size, sha256 }
}
