import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { ConfigError, FormatError } from '../../src/errors.ts'
import type { Contig, Region, Strand } from '../../src/genome.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import type { FileHash } from '../../src/io/bytes/file-hash.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import { version } from '../run/version.ts'

const manifestFormat = 'genoconv shards, 1'

/** A file that shards depend on. `path` is relative to the manifest's folder, unless the user gave an absolute one. */
export interface PlannedFile extends FileHash {
  readonly path: string
  readonly role: 'fasta' | 'index' | 'regions'
}

export interface PlannedShard {
  readonly id: number
  /** Relative to the manifest's folder. */
  readonly path: string
  readonly rows: number
  /** Bases the model must see: context, and both strands, counted. What shards are balanced by. */
  readonly bases: number
  /** In the order of the output. Of a run over whole records these are parts of records. */
  readonly regions: readonly Region[]
}

/** A run of `predict`, cut into jobs. All that decides a shard's bytes, but for the kind of device. */
export interface ShardManifest {
  readonly format: string
  /** SHA-256 of everything below but paths: files may be moved, nothing else may change. */
  readonly planSha256: string
  readonly version: string
  readonly model: {
    /** A shipped model's name or a repo id, or a path; several are an ensemble. */
    readonly sources: readonly ({ readonly spec: string } | { readonly path: string })[]
    /** What outputs call it. */
    readonly name: string
    readonly sha256: string
  }
  readonly options: {
    readonly strand?: Strand | 'both'
    readonly context?: number | 'full' | 'none'
    readonly tracks: readonly string[]
    readonly chunk?: number
    readonly filterLength?: number
    readonly frequencySparsity: number
    /** Of a list of regions: how many packs of short ones are looked at together. */
    readonly packsPerWindow?: number
    readonly precision: Precision
    /** Bytes by which chunks are chosen, on every machine. */
    readonly memory: number
    /** CPU workers: how work is shared out shows in the last bits. */
    readonly threads: number
  }
  readonly files: readonly PlannedFile[]
  readonly contigs: readonly Contig[]
  /** `records`: shards are parts of whole records; `regions`: of the list of regions, with a column for their names or without. */
  readonly targets: 'records' | 'regions'
  readonly hasRegionColumn: boolean
  readonly shards: readonly PlannedShard[]
}

const hashOf = (manifest: Omit<ShardManifest, 'planSha256'>): string => {
  const isMovable = (key: string): boolean => key === 'path' || key === 'planSha256'
  return createHash('sha256')
    .update(JSON.stringify(manifest, (key, value) => (isMovable(key) ? undefined : value)))
    .digest('hex')
}

/** Where a path that is written in the manifest is. */
export const resolveBeside = (manifestPath: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(manifestPath), path)

/** How a path is written in the manifest: absolute as it is; a relative one so that the folder can be mounted elsewhere. */
export const pathBeside = (manifestPath: string, path: string): string =>
  isAbsolute(path) ? path : relative(dirname(resolve(manifestPath)), resolve(path))

/** Writes the manifest, and makes its folder if there is none. */
export async function writeManifest(
  path: string,
  plan: Omit<ShardManifest, 'format' | 'planSha256' | 'version'>,
  inputs: readonly string[],
): Promise<ShardManifest> {
  const stamped = { format: manifestFormat, version: version(), ...plan }
  const { format, ...rest } = stamped
  const manifest: ShardManifest = { format, planSha256: hashOf(stamped), ...rest }
  // Objects without others in them stand on a line of their own: a region a line.
  const text = JSON.stringify(manifest, null, 2).replace(/\{\n[^{}[\]]*\n\s*\}/g, (object) =>
    object.replaceAll(/\n\s*/g, ' '),
  )
  await mkdir(dirname(path), { recursive: true }).catch((cause) => {
    throw new FormatError({ where: dirname(path), what: `the folder cannot be made (${cause.code})`, cause })
  })
  const sink = await openAtomicOutput(path, { inputs })
  try {
    await sink.write([new TextEncoder().encode(`${text}\n`)])
    await sink.finish()
  } catch (error) {
    await sink.abort()
    throw error
  }
  return manifest
}

/** FormatError for what is no manifest, one that was changed by hand, or one of another version of genoconv. */
export async function readManifest(path: string): Promise<ShardManifest> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    const what = cause.code === 'ENOENT' ? 'no such manifest' : `cannot be read (${cause.code})`
    throw new FormatError({ where: path, what, remedy: 'make one with genoconv shard plan', cause })
  })
  const manifest = parse(path, text)
  if (manifest.version !== version()) {
    throw new FormatError({
      where: path,
      what: 'planned by another version of genoconv',
      expected: version(),
      got: manifest.version,
      remedy: 'install that version, or plan again',
    })
  }
  if (hashOf(manifest) !== manifest.planSha256) {
    throw new FormatError({ where: path, what: 'the manifest was changed after it was planned', remedy: 'plan again' })
  }
  return manifest
}

function parse(path: string, text: string): ShardManifest {
  let manifest: Partial<ShardManifest> | null = null
  try {
    manifest = JSON.parse(text)
  } catch (cause) {
    throw new FormatError({ where: path, what: 'not a shard manifest: no JSON', got: (cause as Error).message, cause })
  }
  if (manifest?.format !== manifestFormat || !Array.isArray(manifest.shards)) {
    const got = JSON.stringify(manifest?.format)
    throw new FormatError({ where: path, what: 'not a shard manifest', expected: `"format": "${manifestFormat}"`, got })
  }
  return manifest as ShardManifest
}

/** ConfigError for a number that no shard has. */
export function shardOf(manifest: ShardManifest, id: number): PlannedShard {
  const shard = manifest.shards[id]
  if (shard) return shard
  throw new ConfigError({
    where: `shard ${id}`,
    what: 'there is no such shard',
    expected: `0 to ${manifest.shards.length - 1}`,
    got: `${id}`,
  })
}
