import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { nameOfInput } from '../../src/io/bytes/local-path.ts'
import { ConfigError } from '../../src/errors.ts'
import type { Region } from '../../src/genome.ts'
import { writeRecord } from '../../src/io/bytes/atomic-output.ts'
import { identifyInput, type InputIdentity, segmentBytes } from '../../src/io/bytes/input-identity.ts'
import { type OutputPlace, recordPath } from '../../src/io/bytes/output-place.ts'
import type { RunOrigin } from './origin.ts'
import { version } from './version.ts'

const recordFormat = 'genoconv partial output, 2'

/** What a partial output is a part of: all that decides its bytes. Stands beside it as `<name>.partial.json`. */
export interface ResumeRecord {
  readonly format: string
  readonly version: string
  readonly inputs: readonly ({ readonly name: string } & InputIdentity)[]
  /** Of the list of regions, names and strands included; null for whole records. */
  readonly regions: { readonly count: number; readonly sha256: string } | null
  readonly model: { readonly name: string; readonly sha256: string }
  /** Kind, name, threads: another one rounds otherwise. */
  readonly device: string
  /** By the names of the command line. */
  readonly options: Readonly<Record<string, string>>
  /** What the output's metadata say was asked. */
  readonly origin: RunOrigin
  /** The version of Node, whose functions may round differently in another. */
  readonly node: string
  /** Bytes by which chunks were chosen; a resumed run plans with the same. */
  readonly memory: number
  /** CPU workers. */
  readonly threads: number
  /** Names of inputs that turned out to be corrupt: these may be replaced by sound ones. */
  readonly damaged?: readonly string[]
  /** Size of the output; set when all of it is written, before it gets its name. */
  readonly writtenBytes?: number
}

/** What a run knows of itself before it has read its inputs. */
export type RunDescription = Omit<ResumeRecord, 'format' | 'version' | 'node' | 'inputs'>

export async function makeRecord(
  inputs: readonly string[],
  run: RunDescription,
  signal?: AbortSignal,
): Promise<ResumeRecord> {
  const identities = []
  for (const input of inputs) identities.push({ name: nameOfInput(input), ...(await identifyInput(input, signal)) })
  return { format: recordFormat, version: version(), node: process.version, ...run, inputs: identities }
}

export const describeRegions = (regions: readonly Region[] | undefined): ResumeRecord['regions'] => {
  if (!regions) return null
  const hash = createHash('sha256')
  for (const { contig, start, end, name, strand } of regions)
    hash.update(`${JSON.stringify([contig, start, end, name ?? null, strand ?? null])}\n`)
  return { count: regions.length, sha256: hash.digest('hex') }
}

/** The record beside the partial file of an output; undefined where there is none that can be read. */
export async function readRecord({ path }: OutputPlace): Promise<ResumeRecord | undefined> {
  const text = await readFile(recordPath(path), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  try {
    const record = JSON.parse(text) as ResumeRecord
    return record.format === recordFormat ? record : undefined
  } catch {
    return undefined
  }
}

export const saveRecord = (place: OutputPlace, record: ResumeRecord): Promise<void> =>
  writeRecord(place, `${JSON.stringify(record)}\n`)

/** ConfigError, with what changed, where `now` would not end in the bytes of the run that `then` is of. */
export function checkSame(then: ResumeRecord, now: ResumeRecord, onWarning: (text: string) => void): void {
  const refuse = (what: string, was: string, is: string, remedy?: string): never => {
    throw new ConfigError({
      option: 'resume',
      what: `${what} changed since the interrupted run`,
      expected: was,
      got: is,
      remedy: `${remedy ? `${remedy}, or ` : ''}run without \`resume\` to start over`,
    })
  }
  if (then.version !== now.version) refuse('the version of genoconv', then.version, now.version)
  if (then.node !== now.node) refuse('the version of Node', then.node, now.node)
  const names = (record: ResumeRecord): string => record.inputs.map(({ name }) => name).join(', ')
  if (names(then) !== names(now)) refuse('the list of inputs', names(then), names(now))
  for (const [i, was] of then.inputs.entries())
    checkInput(was, now.inputs[i], then.damaged?.includes(was.name) ?? false, refuse, onWarning)
  if (then.model.sha256 !== now.model.sha256)
    refuse(`the model ${now.model.name}`, `SHA-256 ${then.model.sha256}`, now.model.sha256)
  if (then.model.name !== now.model.name) refuse('the name of the model', then.model.name, now.model.name)
  for (const name of new Set([...Object.keys(then.options), ...Object.keys(now.options)])) {
    const [was = 'not given', is = 'not given'] = [then.options[name], now.options[name]]
    if (was !== is) refuse(name, was, is)
  }
  const regions = (record: ResumeRecord): string =>
    record.regions ? `${record.regions.count} regions (SHA-256 ${record.regions.sha256})` : 'whole records'
  if (regions(then) !== regions(now)) refuse('the regions (`region`, `regions`)', regions(then), regions(now))
  if (then.threads !== now.threads)
    refuse('`threads`, which changes the rounding,', `${then.threads}`, `${now.threads}`, 'leave `threads` out')
  if (then.memory !== now.memory)
    refuse('`memory`, which chooses the chunk,', `${then.memory} bytes`, `${now.memory} bytes`, 'leave `memory` out')
  if (then.device !== now.device) refuse('the device', then.device, now.device, 'resume on the same kind of device')
}

function checkInput(
  was: ResumeRecord['inputs'][number],
  is: InputIdentity,
  isDamaged: boolean,
  refuse: (what: string, was: string, is: string) => never,
  onWarning: (text: string) => void,
): void {
  const { name } = was
  if (was.content === is.content && was.bytes === is.bytes) return
  const different = was.segments.flatMap((segment, i) => (segment === is.segments[i] ? [] : [i]))
  // A block that cannot be read never became rows; a block may lie across the border of two segments.
  const isRepaired =
    isDamaged && was.bytes === is.bytes && different.length > 0 && different.at(-1)! - different[0] <= 1
  if (!isRepaired) {
    const says = ({ bytes, content }: InputIdentity): string => `${bytes} bytes, SHA-256 ${content}`
    refuse(name, says(was), says(is))
  }
  onWarning(
    `${name} was corrupt and has been repaired (near byte ${different[0] * segmentBytes}, nowhere else): continuing`,
  )
}
