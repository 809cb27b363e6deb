import { ConfigError } from '../../errors.ts'
import { openAtomicOutput } from '../bytes/atomic-output.ts'
import { openLocalFile } from '../bytes/local-file.ts'
import { localPath } from '../bytes/local-path.ts'
import { isWebUrl, shownUrl } from '../bytes/web-url.ts'
import { type IndexFiles, type IndexOptions, indexSource } from './fasta-index.ts'

/** `indexSource` of the file `path`; ConfigError for a URL or a stream, which nothing can be written beside. */
export async function buildIndex(path: string, options: IndexOptions = {}): Promise<IndexFiles> {
  if (path === '-' || isWebUrl(path)) throw needFile(path)
  const source = await openLocalFile(path)
  try {
    if (source.access === 'none') throw needFile(path)
    return await indexSource(source, options)
  } finally {
    await source.close()
  }
}

const needFile = (path: string): ConfigError =>
  new ConfigError({
    where: shownUrl(path),
    what: 'an index is written beside a file',
    expected: 'the path of a local file',
  })

/** Writes `<path>.fai`, and `<path>.gzi` for BGZF, each complete or not at all. Returns what was written. */
export async function writeIndex(input: string, options: IndexOptions = {}): Promise<string[]> {
  const path = localPath(input)
  const { fai, gzi } = await buildIndex(path, options)
  const written: string[] = []
  // The .gzi first: a reader that finds the .fai then finds both.
  for (const [suffix, content] of [
    ['.gzi', gzi],
    ['.fai', new TextEncoder().encode(fai)],
  ] as const) {
    if (!content) continue
    const output = await openAtomicOutput(path + suffix, [path])
    try {
      await output.write([content])
      await output.finish()
    } catch (error) {
      await output.abort()
      throw error
    }
    written.push(path + suffix)
  }
  return written
}
