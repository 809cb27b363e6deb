import { fstat, stat as statOf, type BigIntStats } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { ConfigError } from '../../errors.ts'
import { localFileOf } from './local-path.ts'
import { findOutput, lockPath, newRecordPath, type OutputPlace, partialPath, recordPath } from './output-place.ts'

/**
 * Where the output `name` goes, once it is known that neither it nor a file beside it (partial file, record, lock) is one
 * of `inputs`. Files are compared by what they are (device and inode, and the real path of those that do not exist yet),
 * not by spelling: links, `file://` URLs and `-` (standard input that is a file) are seen through. Other URLs are no files.
 *
 * @throws ConfigError where the output is an input or a folder, FormatError where it cannot be written
 */
export async function protectInputs(name: string, inputs: readonly string[] = []): Promise<OutputPlace> {
  const place = await findOutput(name)
  const { path, kind } = place
  const written =
    kind === 'file' ? [path, partialPath(path), recordPath(path), newRecordPath(path), lockPath(path)] : [path]
  const owners = new Map<string, string>()
  for (const file of written.toReversed()) for (const identity of await identitiesOf(file)) owners.set(identity, file)
  for (const input of inputs) {
    for (const identity of await identitiesOf(input)) {
      const file = owners.get(identity)
      if (file === undefined) continue
      throw new ConfigError({
        where: name,
        what: file === path ? 'the output is an input' : `the output's ${basename(file)} is an input`,
        expected: 'another file',
        got: input,
        remedy: 'give another `output`',
      })
    }
  }
  return place
}

/** Exact, because inodes of network file systems do not fit a double. */
const bigStat = promisify(statOf) as (path: string, options: { bigint: true }) => Promise<BigIntStats>
const bigFstat = promisify(fstat) as (descriptor: number, options: { bigint: true }) => Promise<BigIntStats>

/** What a file is, whatever it is called: device and inode, and its real path; nothing for character devices. */
async function identitiesOf(input: string): Promise<string[]> {
  const path = localFileOf(input)
  if (path === undefined && input !== '-') return []
  const found = await (path === undefined ? bigFstat(0, { bigint: true }) : bigStat(path, { bigint: true })).catch(
    () => undefined,
  )
  if (found?.isCharacterDevice()) return []
  const inode = found ? [`inode ${found.dev}:${found.ino}`] : []
  return path === undefined ? inode : [...inode, `path ${await realPathOf(path)}`]
}

async function realPathOf(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)))
    return join(folder, basename(path))
  })
}
