import { stat } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { ConfigError, FormatError, LimitError } from '../../src/errors.ts'
import { openPartial, removeRecord } from '../../src/io/bytes/atomic-output.ts'
import { localPath } from '../../src/io/bytes/local-path.ts'
import { lockOutput, type OutputLock } from '../../src/io/bytes/output-lock.ts'
import { type OutputPlace, partialPath } from '../../src/io/bytes/output-place.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import { isWebUrl, shownUrl } from '../../src/io/bytes/web-url.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import { openStream, standardOutput } from '../../src/io/bytes/stream-output.ts'
import type { DoneOutput } from '../../src/io/output/done-output.ts'
import type { Log } from './log.ts'
import { freeMemory } from './memory.ts'
import type { RunOrigin } from './origin.ts'
import {
  checkSame,
  makeRecord,
  readRecord,
  type ResumeRecord,
  type RunDescription,
  saveRecord,
} from './resume-record.ts'
import { showCount } from './show.ts'

/**
 * The journal of a run is its partial output itself: what of it is whole rows is not computed again. Beside it stands a
 * record (`<name>.partial.json`) of all that decides the output's bytes; it is continued only with the same record.
 * The steps, so that a run may be killed between any two: the lock is taken (from a run that was killed, if need be); the
 * old record goes; the partial file is begun; the record is written; rows; all is written, and the record says so; the
 * partial file gets the output's name; the record goes; the lock goes. Nothing beside the output is read or changed
 * without the lock.
 */
export interface RunOutput {
  /** What was planned with is planned with again, unless the user says otherwise. */
  readonly memory: number
  readonly threads: number
  /** Where what must wait for its turn in the output may be kept. */
  readonly temporaryFolder: string
  /**
   * Called when it is known what is to be run, before the first row. `complete`: there is nothing left to do. The sink is
   * aborted by `abort` below, which knows of the record. `tracks`: for formats with one file per track.
   */
  begin(run: RunDescription, tracks: readonly string[]): Promise<BegunOutput | 'complete'>
  /** When a device failed and the run continues elsewhere, or in other chunks: what is written from now on, no other run would write. */
  moved(to: string): Promise<void>
  /** After a failure: leaves nothing or, with --resume, what can be continued, which `error` then says. */
  abort(error: unknown): Promise<void>
}

export interface BegunOutput {
  /** One, or one a track. */
  readonly sinks: readonly ByteSink[]
  readonly done?: DoneOutput
  /** What the metadata say was asked: of the interrupted run, where one is continued. */
  readonly origin: RunOrigin
}

/** How the rows of a partial output are counted. */
export interface Journal {
  /** Of the format, in errors. */
  readonly name: string
  /** The whole rows in the partial file of `path`; undefined where there is no row. Not there for formats without. */
  readonly read?: (path: string) => Promise<DoneOutput | undefined>
  /** Formats that have it, in errors. */
  readonly resumable: string
}

export interface OutputSettings {
  readonly request: {
    /** What is hashed: another run must have the same. */
    readonly inputs: readonly string[]
    readonly memory?: number
    readonly threads?: number
    readonly resume: boolean
  }
  /** Undefined for standard output. */
  readonly path: string | undefined
  readonly journal: Journal
  /** None of them may be the output. */
  readonly filesRead: readonly string[]
  readonly log: Log
  readonly signal: AbortSignal
  /** Nothing is written. */
  readonly isDry: boolean
}

type Planned = Pick<RunOutput, 'memory' | 'threads' | 'temporaryFolder'>

/**
 * @throws ConfigError where the output is an input, or cannot be resumed; FormatError where another run is writing it
 */
export async function openRunOutput(settings: OutputSettings): Promise<RunOutput> {
  const { request, path, journal, signal, isDry } = settings
  if (isDry || path === undefined) {
    if (request.resume && !isDry) throw cannotResume('the output is standard output', 'give a file with `output`')
    return streamed(standardOutput(), planned(request))
  }
  const place = await protectInputs(path, settings.filesRead)
  if (request.resume) checkResumable(request.inputs, journal, place)
  if (place.kind !== 'file') return streamed(await openStream(place, signal), planned(request))
  const lock = await lockOutput(place)
  const begun: Begun = {
    ...settings,
    place,
    lock,
    planned: { ...planned(request), temporaryFolder: dirname(place.path) },
  }
  try {
    return await (request.resume ? openResumed(begun) : openFresh(begun))
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** What a run has that nobody says otherwise of. */
export const planned = ({ memory, threads }: OutputSettings['request']): Planned => ({
  memory: memory ?? freeMemory() / 2,
  threads: threads ?? availableParallelism(),
  temporaryFolder: tmpdir(),
})

function checkResumable(inputs: readonly string[], { name, read, resumable }: Journal, { kind }: OutputPlace): void {
  if (inputs.includes('-')) throw cannotResume('standard input cannot be read again', 'save it to a file first')
  if (kind !== 'file') throw cannotResume('the output is not a regular file', 'give another `output`')
  if (!read) throw cannotResume(`the rows of an interrupted ${name} file cannot be counted`, `write ${resumable}`)
}

export const cannotResume = (what: string, remedy: string): ConfigError =>
  new ConfigError({ option: 'resume', what, remedy })

const streamed = (sink: ByteSink, settings: Planned): RunOutput => ({
  ...settings,
  begin: async ({ origin }) => ({ sinks: [sink], origin }),
  moved: async () => {},
  abort: () => sink.abort(),
})

interface Begun extends OutputSettings {
  readonly place: OutputPlace
  readonly lock: OutputLock
  readonly planned: Planned
}

/** `sink` for a writer that must not abort it. */
const withoutAbort = (sink: ByteSink): ByteSink => ({
  write: (chunks) => sink.write(chunks),
  finish: () => sink.finish(),
  abort: async () => {},
})

/** A run from the beginning. Inputs are hashed while it computes; should it end before that, it had no need of a record. */
async function openFresh({ request, journal, log, place, lock, planned }: Begun): Promise<RunOutput> {
  const isRecorded = journal.read !== undefined && !request.inputs.includes('-')
  const hashing = new AbortController()
  let record: Promise<ResumeRecord | undefined> = Promise.resolve(undefined)
  const onWritten = async (writtenBytes: number): Promise<void> => {
    hashing.abort()
    const written = await record
    if (written) await saveWritten(place, { ...written, writtenBytes })
  }
  const sink = await openPartial(place, lock, { onWritten })
  const recordRun = async (run: RunDescription): Promise<ResumeRecord | undefined> => {
    // What cannot be read stops the run itself.
    const made = await makeRecord(request.inputs, run, hashing.signal).catch(() => undefined)
    if (!made) return undefined
    try {
      await saveRecord(place, made)
      return made
    } catch (error) {
      log.warn(`${(error as Error).message}; should this run be interrupted, it cannot be resumed`)
      return undefined
    }
  }
  return {
    ...planned,
    async begin(run) {
      if (isRecorded) record = recordRun(run)
      return { sinks: [withoutAbort(sink)], origin: run.origin }
    },
    async moved(to) {
      const made = await record
      if (!made) return
      record = Promise.resolve(movedTo(made, to))
      await saveRecord(place, movedTo(made, to))
    },
    async abort() {
      hashing.abort()
      await record
      await sink.abort()
    },
  }
}

/** A run that continues an interrupted one, where there is one, and that leaves what it did when it fails. */
async function openResumed({ request, journal, log, signal, place, lock, planned }: Begun): Promise<RunOutput> {
  const found = await readRecord(place)
  const memory = request.memory ?? found?.memory ?? planned.memory
  const threads = request.threads ?? found?.threads ?? planned.threads
  if (memory > freeMemory()) log.warn(`${place.name} was begun with more memory than is free now`)
  let record: ResumeRecord | undefined
  let sink: ByteSink | undefined
  const onWritten = (writtenBytes: number): Promise<void> => saveWritten(place, { ...record!, writtenBytes })
  return {
    ...planned,
    memory,
    threads,
    async begin(run) {
      const now = await makeRecord(request.inputs, run, signal)
      const done = found && (await journal.read?.(place.path))
      const isComplete = !done && found !== undefined && (await isRenamed(place, found))
      if (found && (done || isComplete)) checkSame(found, now, log.warn)
      if (isComplete) {
        await removeRecord(place)
        await lock.release()
        return 'complete'
      }
      log.info(
        done
          ? `continuing after row ${showCount(done.rows)} of ${partialPath(place.path)}`
          : `nothing to resume (${await reason(place, found)}): starting from the beginning`,
      )
      sink = await openPartial(place, lock, { keptBytes: done?.bytes, keepsPartial: true, onWritten })
      const { origin } = done && found ? found : run
      record = { ...now, origin }
      await saveRecord(place, record)
      return { sinks: [withoutAbort(sink)], done, origin }
    },
    async moved(to) {
      record = movedTo(record!, to)
      await saveRecord(place, record)
    },
    async abort(error) {
      if (record) {
        const damaged =
          error instanceof FormatError
            ? request.inputs.filter((input) =>
                error.where.startsWith(isWebUrl(input) ? shownUrl(input) : localPath(input)),
              )
            : []
        const names = record.inputs.map(({ name }) => name).filter((_, i) => damaged.includes(request.inputs[i]))
        if (names.length > 0) await saveRecord(place, { ...record, damaged: names }).catch(() => {})
        sayKept(signal.aborted ? signal.reason : error)
      }
      await sink?.abort()
      await lock.release()
    },
  }
}

/**
 * The record that all is written. Where the disk has no room for it, the run still ends well: only one that is killed before
 * its output has its name computes the last rows again.
 */
const saveWritten = (place: OutputPlace, record: ResumeRecord): Promise<void> =>
  saveRecord(place, record).catch((error: unknown) => {
    if (!(error instanceof LimitError)) throw error
  })

const movedTo = (record: ResumeRecord, to: string): ResumeRecord => ({
  ...record,
  device: `${record.device}, which failed, then ${to}`,
})

/** Whether an earlier run was killed between the last two steps: all is written and has its name. */
async function isRenamed({ path }: OutputPlace, { writtenBytes }: ResumeRecord): Promise<boolean> {
  if (writtenBytes === undefined || (await sizeOf(partialPath(path))) !== undefined) return false
  return (await sizeOf(path)) === writtenBytes
}

async function reason({ path }: OutputPlace, found: ResumeRecord | undefined): Promise<string> {
  const partial = partialPath(path)
  if ((await sizeOf(partial)) === undefined) return `there is no ${partial}`
  return found
    ? `${partial} has no whole record batch or line yet`
    : `there is no record of what ${partial} is a part of`
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size
}

/** The last words of an error's line, where it does not say so itself. */
function sayKept(error: unknown): void {
  if (!(error instanceof Error) || /`resume`|nothing was kept/.test(error.message)) return
  error.message += '; what was finished is kept: run the same command with `resume` to continue'
}
