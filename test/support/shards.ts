import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parsePredictArguments } from '../../pipelines/cli/predict-arguments.ts'
import type { ShardRunOptions } from '../../pipelines/shard/shard-run.ts'
import { mergeShards, planShards, runShard } from '../../pipelines/shards.ts'
import type { Log } from '../../pipelines/run/log.ts'
import { predict } from '../../pipelines/cli/predict-handler.ts'

export const quiet: Log = { info() {}, warn() {}, error() {}, progress() {}, records() {}, done() {} }
const { signal } = new AbortController()

/** Words as after yargs. */
export type Words = Readonly<Record<string, unknown>>
const common: Words = { device: 'cpu', threads: '2', memory: '4G' }

/** What `predict` writes. */
export async function predicted(folder: string, words: Words, name = 'predicted.arrow'): Promise<Buffer> {
  await predict({ ...common, ...words, output: join(folder, name) }, { log: quiet, signal })
  return readFileSync(join(folder, name))
}

export const planned = (folder: string, words: Words, shards: number) =>
  planShards({ ...parsePredictArguments({ ...common, ...words }), output: manifestOf(folder), shards })

export const manifestOf = (folder: string): string => join(folder, 'run', 'manifest.json')

export const ran = (folder: string, id: number, options: Partial<ShardRunOptions> = {}) =>
  runShard(manifestOf(folder), id, { device: 'cpu', threads: 2, ...options })

export async function merged(folder: string, name = 'merged.arrow'): Promise<Buffer> {
  const output = join(folder, name)
  await mergeShards(manifestOf(folder), { output })
  return readFileSync(output)
}
