import { ConfigError, FormatError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import { hashFile } from '../../src/io/bytes/file-hash.ts'
import { pathKind } from '../../src/io/hub/model-files.ts'
import { expectText, expectWhole } from '../../src/validate.ts'
import { defaultModelName, parseModelSpec } from '../models/load-checkpoint.ts'
import { freeMemory } from '../run/memory.ts'
import { type ModelSource, pathBeside, type PlannedFile } from './manifest.ts'

/** What the plans of all commands have in common. */

/** More are a mistake, and each is a file. */
const mostShards = 1_000_000

/** Half of what is free, as a round number: the same plan when it is made again. */
export const defaultMemory = (): number => 2 ** Math.floor(Math.log2(freeMemory() / 2))

/** @throws ConfigError for a manifest on standard output, or a number of shards that cannot be */
export function checkShape({ output, shards }: { readonly output: string; readonly shards: number }): void {
  if (expectText('output', output) === '-') {
    const what = 'shards lie beside their manifest'
    throw new ConfigError({ option: 'output', what, expected: "a file's name", got: '-' })
  }
  expectWhole('shards', shards, { least: 1, most: mostShards })
}

/** ConfigError for a stream or a URL: every shard hashes its inputs. */
export function checkLocal(input: string): void {
  if (input !== '-' && !/^https?:/i.test(input)) return
  throw new ConfigError({
    where: input,
    what: 'shards need a file that every node can check',
    got: input === '-' ? 'standard input' : 'a URL',
    remedy: 'save it to a file first',
  })
}

/** Size and hash of every file, by its role; indexes of a FASTA too. */
export async function plannedFiles(
  manifestPath: string,
  paths: Readonly<Partial<Record<Exclude<PlannedFile['role'], 'index'>, readonly string[]>>>,
  signal?: AbortSignal,
): Promise<PlannedFile[]> {
  const files: PlannedFile[] = []
  const add = async (path: string, role: PlannedFile['role']): Promise<void> => {
    files.push({ path: pathBeside(manifestPath, path), role, ...(await hashFile(path, signal)) })
  }
  for (const [role, list] of Object.entries(paths) as [PlannedFile['role'], readonly string[]][])
    for (const path of list) {
      if (path !== '-') await add(path, role)
      for (const index of role === 'fasta' ? [`${path}.fai`, `${path}.gzi`] : [])
        if ((await pathKind(index)) !== undefined) await add(index, 'index')
    }
  return files
}

/** Names of models stay; paths are written as those of other files. */
export async function modelSources(models: readonly string[], manifestPath: string): Promise<ModelSource[]> {
  const specs = models.length > 0 ? models : [defaultModelName() ?? '']
  return Promise.all(
    specs.map(async (spec) =>
      (await parseModelSpec(spec)).kind === 'path' ? { path: pathBeside(manifestPath, spec) } : { spec },
    ),
  )
}

export function needRandomAccess(genomes: readonly Genome[]): never {
  const { name } = genomes.find((genome) => !genome.isRandomAccess)!
  throw new FormatError({
    where: name,
    what: 'shards need random access',
    expected: 'a plain or BGZF FASTA file',
    got: 'plain gzip',
    remedy: 'recompress it with bgzip',
  })
}
