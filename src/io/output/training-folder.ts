import { mkdir, open, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, sep } from 'node:path'
import { ConfigError, FormatError } from '../../errors.ts'
import { lockOutput, type OutputLock } from '../bytes/output-lock.ts'
import { openFailure, writeFailure } from '../bytes/output-errors.ts'
import { localFileOf } from '../bytes/local-path.ts'
import { findOutput, lockPath, type OutputPlace, partialPath } from '../bytes/output-place.ts'

const stateName = 'state.safetensors'
const metricsName = 'metrics.jsonl'
/** All that a training puts into its folder. */
const ownNames = new Set(
  [stateName, metricsName, 'config.json', 'model.safetensors', 'README.md'].flatMap((own) => [own, `${own}.new`]),
)

export interface TrainingFolderOptions {
  readonly resume: boolean
  /** Files that are read: none of them may lie in the folder. */
  readonly inputs?: readonly string[]
}

/**
 * The folder that a training writes. It is `<name>.partial` until the training is complete, and holds the last good state, in one file that is
 * replaced as a whole; `finish` gives the folder its name and takes the state out.
 */
export class TrainingFolder {
  readonly name: string
  readonly #path: string
  readonly #lock: OutputLock
  /** Where the training is complete: the last line of its metrics. */
  readonly completed: object | undefined
  #metricsCount = 0

  private constructor(name: string, path: string, lock: OutputLock, completed?: object) {
    this.name = name
    this.#path = path
    this.#lock = lock
    this.completed = completed
  }

  /**
   * With `resume` the folder may be there under its name, if a training has completed it.
   *
   * @throws ConfigError where something else of that name is there, or the partial folder holds what no training made; FormatError where it
   *   cannot be written or another run writes it
   */
  static async open(name: string, { resume, inputs = [] }: TrainingFolderOptions): Promise<TrainingFolder> {
    const { place, completed } = await findFolder(name, { resume, inputs })
    const lock = await lockOutput(place)
    try {
      if (completed) {
        await rm(join(place.path, stateName), { force: true }) // a kill may have left it
        return new TrainingFolder(name, place.path, lock, completed)
      }
      const path = partialPath(place.path)
      await expectOwn(name, path, inputs)
      if (!resume) await rm(path, { recursive: true, force: true })
      await mkdir(path, { recursive: true })
      return new TrainingFolder(name, place.path, lock)
    } catch (cause) {
      await lock.release()
      throw openFailure(name, cause)
    }
  }

  /** What `open` throws, before anything is read that takes long; nothing is made. */
  static async check(name: string, options: TrainingFolderOptions): Promise<void> {
    const { place, completed } = await findFolder(name, options)
    if (!completed) await expectOwn(name, partialPath(place.path), options.inputs ?? [])
  }

  /** Where it is until it is complete. */
  get partial(): string {
    return partialPath(this.#path)
  }

  /** Writes the state so that a kill at any moment leaves the last one or this one, whole. */
  async save(state: Uint8Array): Promise<void> {
    await this.#write(stateName, state)
  }

  /** The state and the path that errors name it by; undefined where the training was interrupted before there was one. */
  async load(): Promise<{ readonly bytes: Uint8Array; readonly path: string } | undefined> {
    const path = join(this.partial, stateName)
    const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return undefined
      throw new FormatError({ where: path, what: `cannot be read (${cause.code ?? cause.message})`, cause })
    })
    return bytes && { bytes, path }
  }

  /** Adds a line to the metrics. */
  async addMetrics(values: object): Promise<void> {
    try {
      await writeFile(join(this.partial, metricsName), `${JSON.stringify(values)}\n`, { flag: 'a' })
      this.#metricsCount++
    } catch (cause) {
      throw writeFailure(this.name, cause, 'state')
    }
  }

  /** Lines of metrics so far. */
  get metricsCount(): number {
    return this.#metricsCount
  }

  /** Keeps the first `count` lines of the metrics: the others come again. */
  async cutMetrics(count: number): Promise<void> {
    const text = await readFile(join(this.partial, metricsName), 'utf8').catch(() => '')
    const kept = text.split('\n').slice(0, -1).slice(0, count)
    await this.#write(metricsName, kept.map((line) => `${line}\n`).join(''))
    this.#metricsCount = kept.length
  }

  /** Writes the model's files, gives the folder its name, and removes the state: until then a killed training can be resumed. */
  async finish(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) await this.#write(name, content)
    try {
      await rename(this.partial, this.#path)
      await rm(join(this.#path, stateName), { force: true })
    } catch (cause) {
      throw writeFailure(this.name, cause, 'state')
    }
  }

  close(): Promise<void> {
    return this.#lock.release()
  }

  async #write(name: string, content: string | Uint8Array): Promise<void> {
    const path = join(this.partial, name)
    const passing = `${path}.new`
    try {
      const file = await open(passing, 'w')
      try {
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(passing, path)
    } catch (cause) {
      await rm(passing, { force: true })
      throw writeFailure(this.name, cause, 'state')
    }
  }
}

interface FoundFolder {
  readonly place: OutputPlace
  readonly completed?: object
}

async function findFolder(name: string, { resume }: TrainingFolderOptions): Promise<FoundFolder> {
  const plainName = name.replace(/[/\\]+$/, '')
  const there = await realpath(plainName).catch(() => undefined)
  const completed = resume && there !== undefined ? await lastMetrics(there) : undefined
  if (there !== undefined && !completed) throw existsAlready(name)
  const place: OutputPlace = there === undefined ? await findOutput(plainName) : { name, path: there, kind: 'file' }
  const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined
  const isBegun = (await isThere(partialPath(place.path))) || (await isThere(lockPath(place.path)))
  if (resume && !completed && !isBegun) throw nothingToResume(name, partialPath(place.path))
  return { place, completed }
}

/** The last line of a folder's metrics; undefined where there is none. */
async function lastMetrics(path: string): Promise<object | undefined> {
  const text = await readFile(join(path, metricsName), 'utf8').catch(() => '')
  try {
    return JSON.parse(text.trimEnd().split('\n').at(-1)!) as object
  } catch {
    return undefined
  }
}

/** What is removed or overwritten must have been made by a training, and be nothing that this one reads. */
async function expectOwn(name: string, path: string, inputs: readonly string[]): Promise<void> {
  const other = (await readdir(path).catch(() => [])).find((entry) => !ownNames.has(entry))
  if (other !== undefined)
    throw new ConfigError({
      where: name,
      what: `${basename(path)} is where the training would be kept, and it holds what no training made`,
      expected: 'a folder that does not exist, or that an interrupted training left',
      got: other,
      remedy: 'give another `output`',
    })
  for (const input of inputs) {
    const file = localFileOf(input)
    const real = file === undefined ? undefined : await realpath(file).catch(() => undefined)
    if (real !== path && !real?.startsWith(path + sep)) continue
    throw new ConfigError({
      where: name,
      what: `the output's ${basename(path)} is an input, or holds one`,
      expected: 'another folder',
      got: input,
      remedy: 'give another `output`',
    })
  }
}

const nothingToResume = (name: string, expected: string): FormatError =>
  new FormatError({
    where: name,
    what: 'there is no training to resume',
    expected,
    got: 'no such folder',
    remedy: 'leave `resume` out to begin one',
  })

const existsAlready = (name: string): ConfigError =>
  new ConfigError({
    option: 'output',
    what: `${name} exists already`,
    expected: 'the name of a folder that does not exist',
    remedy: 'give another name, or remove it',
  })
