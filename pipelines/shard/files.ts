import { readFile } from 'node:fs/promises'
import { FormatError } from '../../src/errors.ts'
import { type FileHash, hashFile } from '../../src/io/bytes/file-hash.ts'
import { type PlannedShard, resolveBeside, type ShardManifest } from './manifest.ts'

/** What stands beside a finished shard, `<id>.json`. */
export interface ShardSidecar extends FileHash {
  /** The manifest's `planSha256`. */
  readonly planSha256: string
  readonly shard: number
  readonly rows: number
  readonly version: string
  readonly device: string
  readonly seconds: number
}

export const sidecarPath = (shardPath: string): string => shardPath.replace(/\.arrow$/, '.json')

/**
 * Hashes what the shards depend on, all of it: size and times alone can hide a change. FormatError naming the file that
 * is not what it was. BED files are not read again: their regions are in the manifest.
 */
export async function checkInputs(manifestPath: string, manifest: ShardManifest, signal?: AbortSignal): Promise<void> {
  for (const { path, role, bytes, sha256 } of manifest.files) {
    if (role === 'regions') continue
    const place = resolveBeside(manifestPath, path)
    const found = await hashFile(place, signal)
    if (found.sha256 === sha256) continue
    const isLength = found.bytes !== bytes
    throw new FormatError({
      where: place,
      what: `the ${role === 'fasta' ? 'FASTA' : 'index'} was changed after the shards were planned`,
      expected: isLength ? `${bytes} bytes` : `SHA-256 ${sha256}`,
      got: isLength ? `${found.bytes} bytes` : found.sha256,
      remedy: 'bring the old file back, or plan again',
    })
  }
}

/** The sidecar of a shard that is there and is what its sidecar says; else why it is not. */
export async function checkShard(
  manifestPath: string,
  manifest: ShardManifest,
  shard: PlannedShard,
  signal?: AbortSignal,
): Promise<{ readonly sidecar: ShardSidecar } | { readonly problem: string }> {
  const path = resolveBeside(manifestPath, shard.path)
  const text = await readFile(sidecarPath(path), 'utf8').catch(() => undefined)
  const found = await hashFile(path, signal).catch((error: unknown) => {
    signal?.throwIfAborted()
    if (error instanceof FormatError && (error.cause as { code?: string }).code !== 'ENOENT') throw error
  })
  if (!found) return { problem: 'missing' }
  if (text === undefined) return { problem: `without its sidecar ${sidecarPath(shard.path)}` }
  let sidecar: ShardSidecar
  try {
    sidecar = JSON.parse(text)
  } catch {
    return { problem: 'with a broken sidecar' }
  }
  if (sidecar.planSha256 !== manifest.planSha256 || sidecar.shard !== shard.id || sidecar.rows !== shard.rows)
    return { problem: 'of another plan' }
  if (sidecar.bytes !== found.bytes) return { problem: `changed (${found.bytes} bytes, not ${sidecar.bytes})` }
  if (sidecar.sha256 !== found.sha256)
    return { problem: `changed (SHA-256 ${found.sha256.slice(0, 12)}..., not ${sidecar.sha256.slice(0, 12)}...)` }
  return { sidecar }
}
