import { readFile, stat } from 'node:fs/promises'
import { FormatError } from '../../src/errors.ts'
import { type FileHash, hashFile } from '../../src/io/bytes/file-hash.ts'
import { JsonValue } from './json-value.ts'
import { modelFilesHere } from '../models/load-checkpoint.ts'
import {
  type AnyManifest,
  modelSpec,
  type PlannedFile,
  resolveBeside,
  shardName,
  shardPath,
  sidecarPath,
} from './manifest.ts'
import { readCounts, type SavedCounts } from './variant-counts.ts'

/** What stands beside a finished shard, as `<id>.json`. */
export interface ShardSidecar extends FileHash {
  /** The manifest's `planSha256`. */
  readonly planSha256: string
  readonly shard: number
  readonly rows: number
  readonly version: string
  readonly device: string
  readonly seconds: number
  /** Of variants: what the summary of the whole is made of. */
  readonly counts?: SavedCounts
}

/** @throws FormatError that names the field */
const readSidecar = (value: JsonValue): ShardSidecar =>
  value.object<ShardSidecar>({
    planSha256: (field) => field.sha256(),
    shard: (field) => field.whole(0),
    rows: (field) => field.whole(0),
    bytes: (field) => field.whole(0),
    sha256: (field) => field.sha256(),
    version: (field) => field.name(),
    device: (field) => field.name(),
    seconds: (field) => field.number(0, Number.MAX_VALUE),
    counts: (field) => field.optional(readCounts),
  })

const roleNames: Readonly<Record<PlannedFile['role'], string>> = {
  fasta: 'the FASTA',
  index: 'the index',
  regions: 'the BED file',
  variants: 'the VCF',
  genes: 'the annotation',
}

/**
 * Hashes what the shards depend on, all of it: size and times alone can hide a change. FormatError naming the file that
 * is not what it was. BED files are not read again: their regions are in the manifest.
 */
export async function checkInputs(manifestPath: string, manifest: AnyManifest, signal?: AbortSignal): Promise<void> {
  for (const { path, role, bytes, sha256 } of manifest.files) {
    if (role === 'regions') continue
    const place = resolveBeside(manifestPath, path)
    const fail = (expected: string, got: string): never => {
      throw new FormatError({
        where: place,
        what: `${roleNames[role]} was changed after the shards were planned`,
        expected,
        got,
        remedy: 'bring the old file back, or plan again',
      })
    }
    // Looked at before it is read: a pipe or a device would never end.
    const now = await stat(place).catch(() => undefined)
    if (now && !now.isFile()) fail('a file', now.isDirectory() ? 'a folder' : 'a pipe or device')
    if (now && now.size !== bytes) fail(`${bytes} bytes`, `${now.size} bytes`)
    const found = await hashFile(place, signal)
    if (found.sha256 !== sha256) fail(`SHA-256 ${sha256}`, found.sha256)
  }
}

/** Every file that the shards of a manifest are made from, whether it is there or not; none of them is ever written. */
export async function inputFiles(manifestPath: string, { files, model }: AnyManifest): Promise<string[]> {
  const specs = model.sources.map((source) => modelSpec(manifestPath, source))
  // A merge may run where the model is not.
  const models = await Promise.all(specs.map((spec) => modelFilesHere([spec]).catch(() => [])))
  return [manifestPath, ...files.map(({ path }) => resolveBeside(manifestPath, path)), ...models.flat()]
}

/** The sidecar of a shard that is there and is what its sidecar says; else why it is not. */
export async function checkShard(
  manifestPath: string,
  manifest: AnyManifest,
  id: number,
  signal?: AbortSignal,
): Promise<{ readonly sidecar: ShardSidecar } | { readonly problem: string }> {
  const text = await readFile(sidecarPath(manifestPath, id), 'utf8').catch(() => undefined)
  const found = await hashFile(shardPath(manifestPath, manifest, id), signal).catch((error: unknown) => {
    signal?.throwIfAborted()
    if (error instanceof FormatError && (error.cause as { code?: string }).code !== 'ENOENT') throw error
  })
  if (!found) return { problem: 'missing' }
  if (text === undefined) return { problem: `without its sidecar ${shardName(manifest, id).replace(/\w+$/, 'json')}` }
  let sidecar: ShardSidecar
  try {
    sidecar = readSidecar(new JsonValue('sidecar', JSON.parse(text)))
  } catch {
    return { problem: 'with a broken sidecar' }
  }
  if (sidecar.planSha256 !== manifest.planSha256 || sidecar.shard !== id || sidecar.rows !== manifest.shards[id].rows)
    return { problem: 'of another plan' }
  if (sidecar.bytes !== found.bytes) return { problem: `changed (${found.bytes} bytes, not ${sidecar.bytes})` }
  if (sidecar.sha256 !== found.sha256)
    return { problem: `changed (SHA-256 ${found.sha256.slice(0, 12)}..., not ${sidecar.sha256.slice(0, 12)}...)` }
  return { sidecar }
}
