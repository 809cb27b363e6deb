import { type FileHash, hashFile } from '../../src/io/bytes/file-hash.ts'
import { nameOfInput } from '../../src/io/bytes/local-path.ts'
import { defaultModelName, parseModelSpec } from '../models/load-checkpoint.ts'
import type { PredictRequest } from './request.ts'

/**
 * What was asked of a run, as its output's metadata say it. The same for an undisturbed run, for one that was resumed and
 * for one cut into shards: a resumed run takes it from the record of the interrupted one, shards from their manifest.
 */
export interface RunOrigin {
  /**
   * A `predict` or `embed` command that repeats the run: every option that decides the output, files by their names without folders.
   * Not the words themselves: `--quiet`, `--resume`, the output's name, or `shard plan`, leave the bytes as they are.
   */
  readonly command: string
  /** The BED files, but for standard input. */
  readonly regionFiles: readonly ({ readonly name: string } & FileHash)[]
}

type Asked = Omit<PredictRequest, 'output' | 'format' | 'device' | 'resume'>

/** `threads`: as used, given or not. `memory` is left out where it was not given: then the chunk says what was chosen. */
export async function runOrigin(asked: Asked & { threads: number }, signal?: AbortSignal): Promise<RunOrigin> {
  const regionFiles = []
  for (const path of asked.bedFiles)
    if (path !== '-') regionFiles.push({ name: nameOfInput(path), ...(await hashFile(path, signal)) })
  return { command: await commandOf(asked), regionFiles }
}

const commandOf = (asked: Asked): Promise<string> =>
  commandText(asked.embedding ? 'embed' : 'predict', asked.inputs, asked.models, [
    ...asked.regionTexts.map((text): [string, string] => ['region', text]),
    ...asked.bedFiles.map((path): [string, string] => ['regions', nameOfInput(path)]),
    ['strand', asked.strand],
    ['context', asked.context],
    ['tracks', asked.tracks?.join(',')],
    ['pool', asked.embedding?.pool],
    ['layer', asked.embedding?.layer],
    ['filter-length', asked.filterLength],
    ['frequency-sparsity', asked.frequencySparsity === 0 ? undefined : asked.frequencySparsity],
    ['precision', asked.precision === 'f32' ? undefined : asked.precision],
    ['chunk', asked.chunk],
    ['memory', asked.memory],
    ['threads', asked.threads],
  ])

/** A command of genoconv, files by their names without folders, URLs without what may be secret; an option whose value is `true` has none. */
export async function commandText(
  name: string,
  inputs: readonly string[],
  models: readonly string[],
  options: readonly [name: string, value: string | number | true | undefined][],
): Promise<string> {
  const given = models.length > 0 ? models : [defaultModelName()].filter((model) => model !== undefined)
  const words = [...(await Promise.all(given.map(modelOption))), ...options].flatMap(([option, value]) => {
    if (value === undefined) return []
    return value === true ? [`--${option}`] : [`--${option}`, quoted(String(value))]
  })
  return ['genoconv', name, ...inputs.map((input) => quoted(nameOfInput(input))), ...words].join(' ')
}

async function modelOption(spec: string): Promise<[string, string]> {
  return ['model', (await parseModelSpec(spec)).kind === 'path' ? nameOfInput(spec) : spec]
}

/** As a shell reads it. Backticks stand alone, as the log takes words between them for names of options. */
export const quoted = (word: string): string =>
  /^[\w./:,@%+=-]+$/.test(word) ? word : `'${word.replaceAll(/['`]/g, "'\\$&'")}'`
