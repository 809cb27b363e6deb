import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { writeFailure } from '../../src/io/bytes/output-errors.ts'
import { isRunning } from '../../src/io/bytes/process-identity.ts'
import type { ShardSidecar } from './files.ts'

/** Where this run writes the shard at `path` until it is complete: no other run has the name, on this node or another. */
export const ownPath = (path: string): string =>
  `${path}.${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`

/** Removes what runs on this machine left beside the shard at `path` when they were killed. Those of others may be alive. */
export async function removeLeftovers(path: string): Promise<void> {
  const prefix = `${basename(path)}.${hostname()}-`
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix)) continue
    if (!isRunning(Number.parseInt(name.slice(prefix.length), 10))) await rm(join(dirname(path), name), { force: true })
  }
}

/**
 * Gives a complete shard, written at `own`, and its sidecar their names. A run that is killed in between leaves a shard
 * that does not match its sidecar, which the next run computes again.
 *
 * @throws LimitError when the disk is full, FormatError where the files cannot be written; neither file is left behind
 */
export async function publish(
  own: string,
  sidecar: ShardSidecar,
  paths: { readonly shard: string; readonly sidecar: string },
): Promise<void> {
  const ownSidecar = `${own}.json`
  try {
    await writeFile(ownSidecar, `${JSON.stringify(sidecar, null, 2)}\n`)
    await rename(own, paths.shard)
    await rename(ownSidecar, paths.sidecar)
  } catch (cause) {
    for (const path of [own, ownSidecar]) await rm(path, { force: true })
    throw writeFailure(paths.shard, cause)
  }
}
