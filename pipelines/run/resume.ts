import { stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { ConfigError, FormatError } from '../../src/errors.ts'
import {
  checkOutput,
  openAtomicOutput,
  partialPath,
  removeRecord,
  standardOutput,
} from '../../src/io/bytes/atomic-output.ts'
import type { DoneOutput } from '../../src/io/output/done-output.ts'
import { canResume, readDoneOutput } from '../../src/io/output/resume-output.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import { freeMemory } from './memory.ts'
import type { Log } from './log.ts'
import type { OutputChoice } from './output-file.ts'
import type { PredictRequest } from './request.ts'
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
 * record (`<name>.partial.json`) of all that decides the output's bytes; only with the same record is it gone on with.
 * The steps, so that a run may be killed between any two: the old record goes; the partial file is begun; the record is
 * written; rows; all is written, and the record says so; the partial file gets the output's name; the record goes.
 */
export interface RunOutput {
  /** What was planned with is planned with again, unless the user says otherwise. */
  readonly memory: number
  readonly threads: number
  /** Called when it is known what is to be run, before the first row. `complete`: there is nothing left to do. */
  begin(run: RunDescription): Promise<{ readonly sink: ByteSink; readonly done?: DoneOutput } | 'complete'>
  /** When a device failed and the run goes on elsewhere, or in other chunks: what is written from now on, no other run would write. */
  moved(to: string): Promise<void>
  /** After a failure: leaves nothing or, with --resume, what can be gone on with, which `error` then says. */
  abort(error: unknown): Promise<void>
}

interface OutputSettings {
  readonly request: PredictRequest
  readonly output: OutputChoice
  readonly log: Log
  readonly signal: AbortSignal
  /** Nothing is written. */
  readonly isDry: boolean
}

export async function openRunOutput(settings: OutputSettings): Promise<RunOutput> {
  const { request, output, isDry } = settings
  const planned = { memory: request.memory ?? freeMemory() / 2, threads: request.threads ?? availableParallelism() }
  if (isDry || output.path === undefined) {
    if (request.resume && !isDry) throw cannot('the output is standard output', 'give a file with `output`')
    const sink = standardOutput()
    return { ...planned, begin: async () => ({ sink }), moved: async () => {}, abort: () => sink.abort() }
  }
  const { isDirect } = await checkOutput(output.path, [...request.inputs, ...request.bedFiles])
  if (!request.resume) return openFresh(settings, output.path, planned, isDirect)
  if (request.inputs.includes('-'))
    throw cannot('the input is standard input, which is gone', 'save it to a file first')
  if (isDirect) throw cannot('the output is not a regular file', 'give another `output`')
  if (!canResume(output.format))
    throw cannot(`the rows of a ${output.format} file that was cut cannot be counted`, 'write arrow, arrows or tsv')
  return openResumed(settings, output.path, planned)
}

const cannot = (what: string, remedy: string): ConfigError => new ConfigError({ option: 'resume', what, remedy })

type Planned = Pick<RunOutput, 'memory' | 'threads'>

/** A run from the beginning. Inputs are hashed while it computes; should it end before that, it had no need of a record. */
async function openFresh(
  { request, output }: OutputSettings,
  path: string,
  planned: Planned,
  isDirect: boolean,
): Promise<RunOutput> {
  const isRecorded = !isDirect && canResume(output.format) && !request.inputs.includes('-')
  const hashing = new AbortController()
  let record: Promise<ResumeRecord | undefined> = Promise.resolve(undefined)
  const onWritten = async (writtenBytes: number): Promise<void> => {
    hashing.abort()
    const written = await record
    if (written) await saveRecord(path, { ...written, writtenBytes })
  }
  const sink = await openAtomicOutput(path, { inputs: [...request.inputs, ...request.bedFiles], onWritten })
  const recordRun = async (run: RunDescription): Promise<ResumeRecord | undefined> => {
    try {
      const made = await makeRecord(request.inputs, run, hashing.signal)
      await saveRecord(path, made)
      return made
    } catch {
      return undefined // what cannot be read or written stops the run itself; without a record it only cannot be gone on with
    }
  }
  return {
    ...planned,
    async begin(run) {
      if (isRecorded) record = recordRun(run)
      return { sink }
    },
    async moved(to) {
      const made = await record
      if (!made) return
      record = Promise.resolve(movedTo(made, to))
      await saveRecord(path, movedTo(made, to))
    },
    async abort() {
      hashing.abort()
      await record
      await sink.abort()
    },
  }
}

/** A run that goes on, where there is something to go on with, and that leaves what it did when it fails. */
async function openResumed(
  { request, output, log, signal }: OutputSettings,
  path: string,
  planned: Planned,
): Promise<RunOutput> {
  const found = await readRecord(path)
  const memory = request.memory ?? found?.memory ?? planned.memory
  const threads = request.threads ?? found?.threads ?? planned.threads
  if (memory > freeMemory()) log.warn(`${path} was begun with more memory than is free now`)
  let record: ResumeRecord | undefined
  let sink: ByteSink | undefined
  const onWritten = (writtenBytes: number): Promise<void> => saveRecord(path, { ...record!, writtenBytes })
  return {
    memory,
    threads,
    async begin(run) {
      const now = await makeRecord(request.inputs, run, signal)
      const done = found && (await readDoneOutput(path, output.format))
      const isComplete =
        !done &&
        found?.writtenBytes !== undefined &&
        (await sizeOf(partialPath(path))) === undefined &&
        (await sizeOf(path)) === found.writtenBytes
      if (found && (done || isComplete)) checkSame(found, now, log.warn)
      if (isComplete) {
        await removeRecord(path)
        return 'complete'
      }
      log.info(
        done
          ? `going on behind ${showCount(done.rows)} rows of ${partialPath(path)}`
          : `nothing to go on with (${await reason(path, found)}): starting from the beginning`,
      )
      sink = await openAtomicOutput(path, {
        inputs: [...request.inputs, ...request.bedFiles],
        keptBytes: done?.bytes,
        keepsPartial: true,
        onWritten,
      })
      record = now
      await saveRecord(path, record)
      return { sink, done }
    },
    async moved(to) {
      record = movedTo(record!, to)
      await saveRecord(path, record)
    },
    async abort(error) {
      await sink?.abort()
      if (!record) return
      const damaged =
        error instanceof FormatError ? request.inputs.filter((input) => error.where.startsWith(input)) : []
      if (damaged.length > 0)
        await saveRecord(path, {
          ...record,
          damaged: record.inputs.map(({ name }) => name).filter((_, i) => damaged.includes(request.inputs[i])),
        }).catch(() => {})
      sayKept(signal.aborted ? signal.reason : error)
    },
  }
}

const movedTo = (record: ResumeRecord, to: string): ResumeRecord => ({
  ...record,
  device: `${record.device}, which failed, then ${to}`,
})

async function reason(path: string, found: ResumeRecord | undefined): Promise<string> {
  if ((await sizeOf(partialPath(path))) === undefined) return `there is no ${partialPath(path)}`
  return found
    ? `${partialPath(path)} has no whole record batch or line yet`
    : `there is no record of what ${partialPath(path)} is a part of`
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size
}

/** The last words of an error's line, where it does not say so itself. */
function sayKept(error: unknown): void {
  if (!(error instanceof Error) || /`resume`|nothing was kept/.test(error.message)) return
  error.message += '; what was finished is kept: the same command with `resume` goes on'
}
