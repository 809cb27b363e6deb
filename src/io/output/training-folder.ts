import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, FormatError } from '../../errors.ts'
import { lockOutput, type OutputLock } from '../bytes/output-lock.ts'
import { openFailure, writeFailure } from '../bytes/output-errors.ts'
import { findOutput, partialPath } from '../bytes/output-place.ts'

const stateName = 'state.safetensors'
const metricsName = 'metrics.jsonl'

/**
 * The folder that a training writes. It is `<name>.partial` until the training is complete, and holds the last good state, in one file that is
 * replaced as a whole; `finish` takes the state out and gives the folder its name.
 */
export class TrainingFolder {
  readonly name: string
  readonly #path: string
  readonly #lock: OutputLock

  private constructor(name: string, path: string, lock: OutputLock) {
    this.name = name
    this.#path = path
    this.#lock = lock
  }

  /** @throws ConfigError where something of that name is there; FormatError where it cannot be written or another run writes it */
  static async open(name: string, { resume }: { readonly resume: boolean }): Promise<TrainingFolder> {
    const place = await findOutput(name.replace(/[/\\]+$/, '')).catch((error) => {
      throw error instanceof ConfigError ? existsAlready(name) : error
    })
    if (await stat(place.path).catch(() => undefined)) throw existsAlready(name)
    const lock = await lockOutput(place)
    try {
      const path = partialPath(place.path)
      if (!resume) await rm(path, { recursive: true, force: true })
      await mkdir(path, { recursive: true })
      return new TrainingFolder(name, place.path, lock)
    } catch (cause) {
      await lock.release()
      throw openFailure(name, cause)
    }
  }

  /** Where it is until it is complete. */
  get partial(): string {
    return partialPath(this.#path)
  }

  /** Writes the state so that a kill at any moment leaves the last one or this one, whole. */
  async save(state: Uint8Array): Promise<void> {
    await this.#write(stateName, state)
  }

  /** The state and the path that errors name it by. @throws FormatError where there is none */
  async load(): Promise<{ readonly bytes: Uint8Array; readonly path: string }> {
    const path = join(this.partial, stateName)
    const bytes = await readFile(path).catch((cause) => {
      throw new FormatError({
        where: this.name,
        what: 'there is no training to resume',
        expected: path,
        got: 'no such file',
        remedy: 'leave `resume` out to begin one',
        cause,
      })
    })
    return { bytes, path }
  }

  /** Adds a line to the metrics. */
  async addMetrics(values: object): Promise<void> {
    try {
      await writeFile(join(this.partial, metricsName), `${JSON.stringify(values)}\n`, { flag: 'a' })
    } catch (cause) {
      throw writeFailure(this.name, cause, 'partial')
    }
  }

  /** Takes back metrics of steps that will be taken again. */
  async cutMetrics(step: number): Promise<void> {
    const text = await readFile(join(this.partial, metricsName), 'utf8').catch(() => '')
    const kept = text.split('\n').filter((line) => {
      try {
        return (JSON.parse(line) as { step: number }).step <= step
      } catch {
        return false // the end of the file, or half a line that a kill left
      }
    })
    await this.#write(metricsName, kept.map((line) => `${line}\n`).join(''))
  }

  /** Writes the model's files, removes the state, and gives the folder its name. */
  async finish(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) await this.#write(name, content)
    await rm(join(this.partial, stateName), { force: true })
    try {
      await rename(this.partial, this.#path)
    } catch (cause) {
      throw writeFailure(this.name, cause, 'partial')
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
      throw writeFailure(this.name, cause, 'partial')
    }
  }
}

const existsAlready = (name: string): ConfigError =>
  new ConfigError({
    option: 'output',
    what: `${name} exists already`,
    expected: 'the name of a folder that does not exist',
    remedy: 'give another name, or remove it',
  })
