import { localPath } from '../../src/io/bytes/local-path.ts'
import type { Log } from '../run/log.ts'
import { showBytes, showCount, showSeconds } from '../run/show.ts'
import { mergeShards, planShards, runShard } from '../shards.ts'
import { type AnyManifest, basesIn } from '../shard/manifest.ts'
import type { ShardMergeOptions } from '../shard/merge.ts'
import type { Environment } from './environment.ts'
import { parseMachineOptions, parsePredictArguments } from './predict-arguments.ts'
import { parseEmbedding } from './embed-handler.ts'
import { cutOf } from './shard-options.ts'
import { parseWhole } from './values.ts'
import { parseVariantsArguments } from './variants-arguments.ts'
import { logCounts } from './variants-handler.ts'
import { type Argv, Words } from './words.ts'

/** `genoconv shard plan`. */
export async function plan(argv: Argv, environment: Environment): Promise<void> {
  const words = new Words(argv)
  const cut = cutOf(argv)
  const shards = parseWhole('--shards', words.needed('shards'), 1)
  const output = localPath(words.needed('output'))
  const { log, signal } = environment
  const common = { output, shards, signal, onWarning: log.warn }
  if (cut === 'variants') {
    const asked = parseVariantsArguments({ ...argv, vcf: argv['variants'] })
    const manifest = await planShards({ ...asked, ...common, onNote: log.info })
    logPlan(log, manifest, output)
    return
  }
  const asked = { ...parsePredictArguments(argv), ...common }
  const embedding = cut === 'embed' ? parseEmbedding(words) : undefined
  logPlan(log, await (embedding ? planShards({ ...asked, embedding }) : planShards(asked)), output)
}

/** What was planned: how the work is shared out, and what run the merge will be. */
function logPlan(log: Log, manifest: AnyManifest, output: string): void {
  const { options, work } = manifest
  const shards: readonly { rows: number; weight: number }[] =
    manifest.work === 'variants'
      ? manifest.shards.map((shard) => ({ rows: shard.rows, weight: shard.work }))
      : manifest.shards.map((shard) => ({ rows: basesIn(shard.regions), weight: shard.bases }))
  const rows = shards.reduce((sum, shard) => sum + shard.rows, 0)
  const mostWeight = shards.reduce((most, { weight }) => Math.max(most, weight), 0)
  const allWeight = shards.reduce((sum, { weight }) => sum + weight, 0)
  const emptyShards = shards.filter((shard) => shard.rows === 0).length
  const largestShare = mostWeight / Math.max(1, allWeight)
  const what = work === 'variants' ? 'records' : 'bases'
  const cut = `${showCount(rows)} ${what} in ${shards.length} shards${emptyShards > 0 ? `, ${emptyShards} of them empty` : ''}`
  const same = `the merge is that of ${work} --memory ${showMemory(options.memory)} --threads ${options.threads}`
  const summary = {
    [what]: rows,
    shards: shards.length,
    emptyShards,
    largestShare,
    memory: options.memory,
    threads: options.threads,
    output,
  }
  log.done(`${cut}, the largest ${(100 * largestShare).toFixed(1)}% of the work; ${same}; wrote ${output}`, summary)
}

/** `genoconv shard run`. */
export async function run(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const { device, threads, memory } = parseMachineOptions(words)
  const id = parseWhole('shard', words.needed('id'), 0)
  const { manifest, path, sidecar, wasThere } = await runShard(words.needed('manifest'), id, {
    device,
    threads,
    memory,
    signal,
    onWarning: log.warn,
    onInfo: log.info,
    onProgress: log.progress,
    onRecords: log.records,
  })
  const { seconds, device: on, sha256, counts } = sidecar
  const rows = counts?.records ?? basesOf(manifest, [id])
  const what = counts ? 'records' : 'bases'
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
  const summary = {
    shard: id,
    [what]: rows,
    seconds,
    ...(counts ? { scores: counts.scores } : { basesPerSecond: rows / seconds }),
    peakMemoryBytes,
    device: on,
    output: path,
    sha256,
    wasThere,
  }
  const speed = `${showCount(rows)} ${what} in ${showSeconds(seconds)} (peak memory ${showBytes(peakMemoryBytes)}); wrote ${path}`
  log.done(wasThere ? `shard ${id} is there and matches: ${path}` : speed, summary)
}

/** `genoconv shard merge`. */
export async function merge(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const startTime = performance.now()
  const output = words.needed('output')
  const format = words.one('format') as ShardMergeOptions['format']
  const {
    manifest,
    device: on,
    counts,
  } = await mergeShards(words.needed('manifest'), {
    output,
    format,
    signal,
    onProgress: log.progress,
    onRecords: log.records,
  })
  const rows =
    counts?.records ??
    basesOf(
      manifest,
      manifest.shards.map(({ id }) => id),
    )
  const what = counts ? 'records' : 'bases'
  if (counts) logCounts(log, counts)
  const seconds = (performance.now() - startTime) / 1000
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
  const speed = `${showCount(rows)} ${what} of ${manifest.shards.length} shards in ${showSeconds(seconds)} (peak memory ${showBytes(peakMemoryBytes)})`
  const summary = {
    [what]: rows,
    seconds,
    ...(counts
      ? { scores: counts.scores, skipped: Object.fromEntries(counts.reasons), strongest: counts.strongest }
      : { basesPerSecond: rows / seconds }),
    peakMemoryBytes,
    device: on,
    output,
  }
  log.done(`${speed}; wrote ${output === '-' ? 'standard output' : output}`, summary)
}

/** Bases of some of its shards. */
const basesOf = (manifest: AnyManifest, ids: readonly number[]): number =>
  manifest.work === 'variants' ? 0 : ids.reduce((sum, id) => sum + basesIn(manifest.shards[id].regions), 0)

const showMemory = (bytes: number): string =>
  bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30}G` : `${Math.floor(bytes / 2 ** 20)}M`
