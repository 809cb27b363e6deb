import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { FormatError } from '../../src/errors.ts'
import type { PredictionBatch, Region } from '../../src/genome.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import { standardOutput } from '../../src/io/bytes/stream-output.ts'
import { isOneFile, type OutputFormat, outputFormats } from '../../src/io/output/formats.ts'
import { openPredictions } from '../../src/io/output/read-arrow.ts'
import { openTrackSinks, trackFileName, writeBigWigs } from '../../src/io/output/write-bigwig.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import { expectChoice, expectOptions, expectSignal, expectText } from '../../src/validate.ts'
import type { Progress } from '../predict/options.ts'
import { regionName } from '../run/inputs.ts'
import { chooseOutput } from '../run/output-file.ts'
import { checkShard, inputFiles, type ShardSidecar } from './files.ts'
import {
  allRegions,
  columnsOf,
  type PlannedShard,
  type ShardManifest,
  shardName,
  shardPath,
  sidecarPath,
} from './manifest.ts'
import { readManifest } from './manifest-file.ts'

export interface ShardMergeOptions {
  /** The file to write; `-` is standard output. */
  readonly output: string
  /** Default: by the output's extension. */
  readonly format?: OutputFormat
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

export interface ShardMergeResult {
  readonly manifest: ShardManifest
  /** On which all shards were computed. */
  readonly device: string
}

/**
 * Checks every shard and writes their rows, in order, through the writer that `predict` uses: rows, metadata and so all
 * bytes are those of one run. Memory is that of a record batch.
 *
 * @throws FormatError naming every shard that is missing or changed, or was made on another kind of device than the
 *   others; ConfigError where the output is the manifest, a shard or one of the planned inputs
 */
export async function mergeShards(manifestPath: string, options: ShardMergeOptions): Promise<ShardMergeResult> {
  const { signal, onProgress } = expectOptions('mergeShards', (options ?? null) as ShardMergeOptions)
  expectText('manifest', manifestPath)
  expectSignal(signal)
  const output = chooseOutput({
    output: expectText('output', options.output),
    format: expectChoice('format', options.format, Object.keys(outputFormats)),
    firstInput: '',
    modelName: '',
    isTerminal: process.stdout.isTTY,
  })
  const manifest = await readManifest(manifestPath)
  const pathOf = (shard: PlannedShard): string => shardPath(manifestPath, shard.id)
  const inputs = await inputFiles(manifestPath, manifest)
  for (const { id } of manifest.shards) inputs.push(shardPath(manifestPath, id), sidecarPath(manifestPath, id))
  // Before the shards are read, which takes its time.
  const tracks = columnsOf(manifest)
  const { path, format } = output
  const paths = isOneFile(format) ? [path] : tracks.map((track) => path && trackFileName(path, track))
  for (const written of paths) if (written !== undefined) await protectInputs(written, inputs)
  const sidecars = await checkShards(manifestPath, manifest, signal)
  checkDevices(manifestPath, sidecars)
  const metadata = await commonMetadata(manifest.shards.map(pathOf))
  const basesTotal = manifest.shards.reduce((sum, { rows }) => sum + rows, 0)
  let basesDone = 0
  const all = async function* (): AsyncGenerator<PredictionBatch> {
    let firstIndex = 0
    for (const shard of manifest.shards) {
      for await (const batch of shardBatches(pathOf(shard), shard.regions, firstIndex)) {
        signal?.throwIfAborted()
        yield batch
        basesDone += batch.bases.length
        onProgress?.({ contig: batch.region.contig, basesDone, basesTotal })
      }
      firstIndex += shard.regions.length
    }
  }
  const layout = {
    tracks,
    contigs: manifest.contigs.map(({ name }) => name),
    contigLengths: () => new Map(manifest.contigs.map(({ name, length }) => [name, length])),
    regions: manifest.hasRegionColumn ? allRegions(manifest).map(regionName) : undefined,
    temporaryFolder: path === undefined ? tmpdir() : dirname(path),
    metadata: () => metadata,
  }
  const open = (written: string): Promise<ByteSink> => openAtomicOutput(written, inputs)
  if (path !== undefined && !isOneFile(format))
    await writeBigWigs(all(), await openTrackSinks(tracks, (track) => open(trackFileName(path, track))), layout)
  else if (isOneFile(format))
    await writePredictions(all(), format, path === undefined ? standardOutput() : await open(path), layout)
  return { manifest, device: metadata.get('genoconv.device') ?? '' }
}

async function checkShards(
  manifestPath: string,
  manifest: ShardManifest,
  signal?: AbortSignal,
): Promise<ShardSidecar[]> {
  const sidecars: ShardSidecar[] = []
  const problems: string[] = []
  const bad: number[] = []
  for (const shard of manifest.shards) {
    const checked = await checkShard(manifestPath, manifest, shard, signal)
    if ('sidecar' in checked) sidecars.push(checked.sidecar)
    else {
      bad.push(shard.id)
      problems.push(`${shardName(shard.id)} ${checked.problem}`)
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

/** What `predict` would say of the run; each shard says it too, beside its own number. */
async function commonMetadata(paths: readonly string[]): Promise<Map<string, string>> {
  const metadata = await metadataOf(paths[0])
  for (const path of paths.slice(1)) {
    for (const [key, value] of await metadataOf(path)) {
      if (metadata.get(key) === value) continue
      const what = `${key} is not that of the first shard`
      throw new FormatError({
        where: path,
        what,
        expected: String(metadata.get(key)),
        got: value,
        remedy: 'plan and run again',
      })
    }
  }
  return metadata
}

async function metadataOf(path: string): Promise<Map<string, string>> {
  const file = await openPredictions(path)
  await file.close()
  const metadata = new Map(file.metadata)
  metadata.delete('genoconv.shard')
  return metadata
}

/** A shard's rows as pieces of its regions; FormatError where they are not exactly those that were planned. */
async function* shardBatches(
  path: string,
  regions: readonly Region[],
  firstIndex: number,
): AsyncGenerator<PredictionBatch> {
  const unexpected = (): FormatError =>
    new FormatError({
      where: path,
      what: 'its rows are not those of its regions',
      remedy: 'remove the shard and run it again',
    })
  const file = await openPredictions(path)
  let index = 0
  let position = regions[0]?.start ?? 0
  try {
    for await (const rows of file.rows()) {
      for (let from = 0; from < rows.length; ) {
        const region = regions[index]
        if (!region) throw unexpected()
        const to = Math.min(rows.length, from + region.end - position)
        const end = position + to - from
        if (rows.contigNames[rows.contig[from]] !== region.contig) throw unexpected()
        if (rows.position[from] !== position || rows.position[to - 1] !== end - 1) throw unexpected()
        const tracks = Object.fromEntries(
          Object.entries(rows.tracks).map(([name, values]) => [name, values.subarray(from, to)]),
        )
        yield {
          region: { ...region, start: position, end },
          bases: rows.bases.subarray(from, to),
          tracks,
          regionIndex: firstIndex + index,
        }
        position = end
        from = to
        if (end === region.end) position = regions[++index]?.start ?? 0
      }
    }
    if (index !== regions.length) throw unexpected()
  } finally {
    await file.close()
  }
}
