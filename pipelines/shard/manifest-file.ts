import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FormatError, LimitError } from '../../src/errors.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { failureCode } from '../../src/io/bytes/file-problem.ts'
import { readWholeFile } from '../../src/io/bytes/read-file.ts'
import { isRecord } from '../../src/model/weights/json.ts'
import { version } from '../run/version.ts'
import { checkConsistency, readFields } from './check-manifest.ts'
import { JsonValue } from './json-value.ts'
import { type AnyManifest, manifestFormat } from './manifest.ts'

/** What `readManifest` can hold: Node's longest string, 2^29 characters, with some room. */
const mostCharacters = 500_000_000
const pieceCharacters = 2 ** 20

/** SHA-256 of every field but `planSha256`. */
export function planHash({ planSha256: _, shards, ...head }: AnyManifest): string {
  const hash = createHash('sha256').update(JSON.stringify(head))
  for (const shard of shards) hash.update(JSON.stringify(shard)) // one by one: together they may be longer than a string can be
  return hash.digest('hex')
}

/** A manifest without its stamps. */
export type ShardPlan<M extends AnyManifest> = Omit<M, 'format' | 'planSha256' | 'version'>

/**
 * Writes the manifest, and makes its folder if there is none. `inputs` are files that it must not replace.
 *
 * @throws LimitError for more regions than a manifest holds; FormatError and ConfigError for a path that cannot be written
 */
export async function writeManifest<M extends AnyManifest>(
  path: string,
  plan: ShardPlan<M>,
  inputs: readonly string[],
): Promise<M> {
  const stamped = { format: manifestFormat, planSha256: '0'.repeat(64), version: version(), ...plan }
  const manifest = readFields(new JsonValue(path, stamped))
  checkConsistency(path, manifest)
  const complete = { ...manifest, planSha256: planHash(manifest) }
  await mkdir(dirname(path), { recursive: true }).catch((cause) => {
    throw new FormatError({ where: dirname(path), what: `the folder cannot be made (${cause.code})`, cause })
  })
  const sink = await openAtomicOutput(path, inputs)
  try {
    for (const piece of textPieces(path, complete)) await sink.write([new TextEncoder().encode(piece)])
    await sink.finish()
  } catch (error) {
    await sink.abort()
    throw error
  }
  return complete as M
}

/**
 * Reads a manifest that anybody may have changed: what is returned is what a plan can write.
 *
 * @throws FormatError for what is no manifest, one that was changed by hand, or one of another version of genoconv
 */
export async function readManifest(path: string): Promise<AnyManifest> {
  return parseManifest(path, new TextDecoder().decode(await readManifestBytes(path)))
}

async function readManifestBytes(path: string): Promise<Uint8Array> {
  return readWholeFile(path, mostCharacters).catch((error: FormatError) => {
    if (failureCode(error.cause) !== 'ENOENT') throw error
    const remedy = 'make one with genoconv shard plan'
    throw new FormatError({ where: path, what: 'no such manifest', remedy, cause: error.cause })
  })
}

/** `readManifest` of a text that is there already; `path` is its name in errors. */
export function parseManifest(path: string, text: string): AnyManifest {
  const value = parseJson(path, text)
  if (value.format !== manifestFormat) {
    const got = JSON.stringify(value.format)?.slice(0, 60)
    throw new FormatError({ where: path, what: 'not a shard manifest', expected: `"format": "${manifestFormat}"`, got })
  }
  if (typeof value.version === 'string' && value.version !== version()) {
    throw new FormatError({
      where: path,
      what: 'planned by another version of genoconv',
      expected: version(),
      got: value.version.slice(0, 60),
      remedy: 'install that version, or plan again',
    })
  }
  const manifest = readFields(new JsonValue(path, value))
  if (planHash(manifest) !== manifest.planSha256)
    throw new FormatError({ where: path, what: 'the manifest was changed after it was planned', remedy: 'plan again' })
  checkConsistency(path, manifest)
  return manifest
}

function parseJson(path: string, text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    const got = (cause as Error).message
    throw new FormatError({ where: path, what: 'not a shard manifest: no JSON', got, cause })
  }
  if (isRecord(value)) return value
  throw new FormatError({ where: path, what: 'not a shard manifest', expected: 'a JSON object' })
}

/** The text in pieces of about a megabyte. */
function* textPieces(path: string, manifest: AnyManifest): Generator<string> {
  let piece = ''
  let characters = 0
  for (const part of lines(manifest, '\n')) {
    piece += part
    if (piece.length < pieceCharacters) continue
    characters += piece.length
    if (characters > mostCharacters) throw tooLong(path)
    yield piece
    piece = ''
  }
  yield `${piece}\n`
}

/** JSON, indented; what has no object or list in it stands on a line of its own: a region a line. */
function* lines(value: object, newline: string): Generator<string> {
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  const named = (key: string): string => (Array.isArray(value) ? '' : `${JSON.stringify(key)}: `)
  if (fields.every(([, field]) => typeof field !== 'object')) {
    yield `${open} ${fields.map(([key, field]) => named(key) + JSON.stringify(field)).join(', ')} ${close}`
    return
  }
  const inner = `${newline}  `
  for (const [i, [key, field]] of fields.entries()) {
    yield `${i === 0 ? open : ','}${inner}${named(key)}`
    if (typeof field === 'object') yield* lines(field, inner)
    else yield JSON.stringify(field)
  }
  yield newline + close
}

const tooLong = (path: string): LimitError =>
  new LimitError({
    where: path,
    what: 'too many regions for one manifest',
    expected: `at most ${mostCharacters} bytes`,
    got: 'more',
    remedy: 'plan parts of the list one by one',
  })
