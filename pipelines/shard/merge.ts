import { FormatError } from '../../src/errors.ts'
import { outputFormats } from '../../src/io/output/formats.ts'
import { expectChoice, expectOptions, expectSignal, expectText } from '../../src/validate.ts'
import type { Progress } from '../predict/options.ts'
import { chooseOutput, embeddingFormat } from '../run/output-file.ts'
import type { RecordProgress } from '../run/log.ts'
import { chooseVariantOutput } from '../run/variants-output.ts'
import { type VariantFormat, variantFormats } from '../run/variants-request.ts'
import { type VariantCounts, VariantsTally } from '../run/variants-tally.ts'
import type { OutputFormat } from '../../src/io/output/formats.ts'
import { checkShard, inputFiles, type ShardSidecar } from './files.ts'
import { type AnyManifest, shardName, shardPath, sidecarPath } from './manifest.ts'
import { readManifest } from './manifest-file.ts'
import { mergeEmbeddings } from './merge-embeddings.ts'
import { mergePredictions } from './merge-predictions.ts'
import { mergeVariants } from './merge-variants.ts'
import { loadedCounts } from './variant-counts.ts'

export interface ShardMergeOptions {
  /** The file to write; `-` is standard output. */
  readonly output: string
  /** Default: by the output's extension. */
  readonly format?: OutputFormat | VariantFormat
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Of shards of variants. */
  readonly onRecords?: (progress: RecordProgress) => void
}

export interface ShardMergeResult {
  readonly manifest: AnyManifest
  /** On which all shards were computed. */
  readonly device: string
  /** Of variants. */
  readonly counts?: VariantCounts
}

/**
 * Checks every shard and writes their rows, in order, through the writer that one run uses: rows, metadata and so all
 * bytes are those of one run. Memory is that of a record batch.
 *
 * @throws FormatError naming every shard that is missing or changed, or was made on another kind of device than the
 *   others; ConfigError where the output is the manifest, a shard or one of the planned inputs, or of a format that the
 *   shards do not hold
 */
export async function mergeShards(manifestPath: string, options: ShardMergeOptions): Promise<ShardMergeResult> {
  const { signal, onProgress, onRecords } = expectOptions('mergeShards', (options ?? null) as ShardMergeOptions)
  expectText('manifest', manifestPath)
  expectSignal(signal)
  const output = expectText('output', options.output)
  const format = expectChoice('format', options.format, Object.keys({ ...outputFormats, ...variantFormats }))
  const manifest = await readManifest(manifestPath)
  const pathOf = (id: number): string => shardPath(manifestPath, manifest, id)
  const inputs = await inputFiles(manifestPath, manifest)
  for (const { id } of manifest.shards) inputs.push(pathOf(id), sidecarPath(manifestPath, id))
  let sidecars: readonly ShardSidecar[] = []
  const checked = async (): Promise<void> => {
    sidecars = await checkShards(manifestPath, manifest, signal)
    checkDevices(manifestPath, sidecars)
  }
  const job = { pathOf, inputs, checked, signal, onProgress, onRecords }
  const isTerminal = process.stdout.isTTY
  if (manifest.work !== 'variants') {
    const chosen = { output, format: format as OutputFormat | undefined, firstInput: '', modelName: '', isTerminal }
    const { path, format: written } = chooseOutput(chosen)
    await (manifest.work === 'predict'
      ? mergePredictions({ ...job, manifest }, { path, format: written })
      : mergeEmbeddings({ ...job, manifest }, { path, format: embeddingFormat(written) }))
    return { manifest, device: sidecars[0].device }
  }
  const vcf = manifest.holds === 'vcf' ? manifestPath : undefined
  const chosen = { output, format: format as VariantFormat | undefined, fasta: '', vcf }
  await mergeVariants({ ...job, manifest }, chooseVariantOutput(chosen, '', isTerminal))
  const counts = new VariantsTally()
  for (const sidecar of sidecars) if (sidecar.counts) counts.addCounts(loadedCounts(sidecar.counts))
  return { manifest, device: sidecars[0].device, counts }
}

async function checkShards(manifestPath: string, manifest: AnyManifest, signal?: AbortSignal): Promise<ShardSidecar[]> {
  const sidecars: ShardSidecar[] = []
  const problems: string[] = []
  const bad: number[] = []
  for (const shard of manifest.shards) {
    const checked = await checkShard(manifestPath, manifest, shard.id, signal)
    if ('sidecar' in checked) sidecars.push(checked.sidecar)
    else {
      bad.push(shard.id)
      problems.push(`${shardName(manifest, shard.id)} ${checked.problem}`)
    }
  }
  if (bad.length === 0) return sidecars
  throw new FormatError({
    where: manifestPath,
    what: `${bad.length} of ${manifest.shards.length} shards cannot be merged`,
    got: problems.join(', '),
    remedy: `run genoconv shard run ${manifestPath} <id> for ${bad.join(' ')}`,
  })
}

/** Another number of threads, instruction set or GPU rounds differently: there is no one run that the whole would equal. */
function checkDevices(manifestPath: string, sidecars: readonly ShardSidecar[]): void {
  const devices = [...new Set(sidecars.map(({ device }) => device))]
  if (devices.length < 2) return
  const shardsOn = (device: string): string =>
    sidecars
      .filter((sidecar) => sidecar.device === device)
      .map(({ shard }) => shard)
      .join(' ')
  throw new FormatError({
    where: manifestPath,
    what: 'shards were computed on different kinds of devices, which round differently',
    expected: 'one kind',
    got: devices.map((device) => `${device}: ${shardsOn(device)}`).join('; '),
    remedy: 'remove the shards of one kind and run them with the `device` and `threads` of the others',
  })
}
