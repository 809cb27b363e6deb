import { dirname } from 'node:path'
import { ConfigError } from '../../src/errors.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { findOutput } from '../../src/io/bytes/output-place.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import { openTrackSinks, trackFileName } from '../../src/io/output/write-bigwig.ts'
import { cannotResume, type OutputSettings, planned, type RunOutput } from './resume.ts'

/**
 * The output of a run in a format with one file per track, named after `path`.
 *
 * @throws ConfigError where it is to be resumed, or where `path` is no regular file
 */
export async function openTrackOutputs(
  settings: Omit<OutputSettings, 'path'> & { readonly path: string },
): Promise<RunOutput> {
  const { request, path, journal, filesRead, isDry } = settings
  if (isDry) return { ...planned(request), begin: neverBegun, moved: async () => {}, abort: async () => {} }
  if (request.resume)
    throw cannotResume(
      `the rows of an interrupted ${journal.name} file cannot be counted`,
      `write ${journal.resumable}`,
    )
  const place = await findOutput(path)
  if (place.kind !== 'file')
    throw new ConfigError({
      where: path,
      what: 'the output is not a regular file',
      expected: 'a name for one file per track',
    })
  let sinks: readonly ByteSink[] = []
  return {
    ...planned(request),
    temporaryFolder: dirname(place.path),
    async begin({ origin }, tracks) {
      sinks = await openTrackSinks(tracks, (track) => openAtomicOutput(trackFileName(path, track), filesRead))
      return { sinks, origin }
    },
    moved: async () => {},
    async abort() {
      for (const sink of sinks) await sink.abort()
    },
  }
}

const neverBegun = (): never => {
  throw new Error('a dry run writes nothing')
}
