import { constants } from 'node:fs'
import { access, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { openFailure } from './output-errors.ts'

/** Where an output really goes. */
export interface OutputPlace {
  /** The name that the user gave. */
  readonly name: string
  /** Absolute; symbolic links are followed to their end, so that two names of one file are one place. */
  readonly path: string
  /** Only a `file` is written under a partial name first; the others are streams. */
  readonly kind: 'file' | 'fifo' | 'device' | 'standard output'
}

/** Where the output at `path` is written until it is complete. */
export const partialPath = (path: string): string => `${path}.partial`

/** What the partial file of `path` is a part of (pipelines/run/resume-record.ts). */
export const recordPath = (path: string): string => `${partialPath(path)}.json`

/** A record that is being written. */
export const newRecordPath = (path: string): string => `${recordPath(path)}.new`

/** Says which run is writing the output (output-lock.ts). */
export const lockPath = (path: string): string => `${partialPath(path)}.lock`

/** Longest chain of symbolic links, as in Linux. */
const mostLinks = 40

/** @throws ConfigError for an empty name */
export function expectOutputName(name: string | undefined, expected = "a file's name, or -"): void {
  if (name === '') throw new ConfigError({ option: 'output', what: 'is empty', expected })
}

/**
 * Finds out where `name` leads. A symbolic link is written through, as `cp` does: the place is its target, which need not
 * exist. Open descriptors (`/dev/stdout`, `/dev/fd/3`), FIFOs and devices are streams.
 *
 * @throws ConfigError where it is a folder or empty, FormatError where its folder is missing or it may not be written
 */
export async function findOutput(name: string): Promise<OutputPlace> {
  const isFolder = (): ConfigError =>
    new ConfigError({ where: name, what: 'the output is a folder', expected: "a file's name" })
  expectOutputName(name, "a file's name")
  if (/[/\\]$/.test(name)) throw isFolder()
  let path = resolve(name)
  for (let links = 0; ; links++) {
    if (links > mostLinks) throw openFailure(name, { code: 'ELOOP' })
    const folder = await realpath(dirname(path)).catch((cause) => {
      throw openFailure(name, cause, dirname(path))
    })
    path = join(folder, basename(path))
    if (isDescriptorFolder(folder)) return descriptorPlace(name, path)
    const target = await readlink(path).catch(() => undefined)
    if (target === undefined) break
    path = resolve(folder, target)
  }
  const existing = await stat(path).catch(() => undefined)
  if (existing?.isDirectory()) throw isFolder()
  if (existing?.isFIFO()) return { name, path, kind: 'fifo' }
  if (existing && !existing.isFile()) return { name, path, kind: 'device' }
  await access(existing ? path : dirname(path), constants.W_OK).catch((cause) => {
    throw openFailure(name, cause, dirname(path))
  })
  return { name, path, kind: 'file' }
}

/** `/dev/fd`, which on Linux is a link to `/proc/<pid>/fd`. */
const isDescriptorFolder = (folder: string): boolean => /^\/dev\/fd$|^\/proc\/.+\/fd$/.test(folder)

async function descriptorPlace(name: string, path: string): Promise<OutputPlace> {
  const isOwn = dirname(path) === '/dev/fd' || dirname(path) === `/proc/${process.pid}/fd`
  if (isOwn && basename(path) === '1') return { name, path, kind: 'standard output' }
  const existing = await stat(path).catch((cause) => {
    throw openFailure(name, cause, dirname(path))
  })
  return { name, path, kind: existing.isFIFO() ? 'fifo' : 'device' }
}
