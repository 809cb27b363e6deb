import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { writeIndex } from '../../../src/io/fasta/write-index.ts'
import { protectInputs } from '../../../src/io/bytes/protect-inputs.ts'
import { bgzip } from '../../support/fasta-files.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { commandWords, folders, goldenModel, runProgram } from '../../support/run-program.ts'

// No run overwrites, empties or removes what it reads, however the output is spelled: the program itself.

const folder = folders()
const sideFiles = ['.partial', '.partial.json', '.partial.json.new', '.partial.lock']

/** A folder with everything that a run can read. */
async function everything(): Promise<string> {
  const gene = `>one\n${randomSequence(600, 1)}\n`
  const { path: cwd } = folder({ 'plain.fa': gene, 'packed.fa.gz': bgzip(gene), 'r.bed': 'one\t10\t90\n' })
  for (const fasta of ['plain.fa', 'packed.fa.gz']) await writeIndex(join(cwd, fasta))
  copyFileSync(goldenModel('openspliceai-nano.safetensors'), join(cwd, 'm.safetensors'))
  mkdirSync(join(cwd, 'hyena'))
  for (const name of ['config.json', 'model.safetensors'])
    copyFileSync(goldenModel(`hyena-nano/${name}`), join(cwd, 'hyena', name))
  return cwd
}

/** Content, inode and kind of all that is there. */
function state(cwd: string): Record<string, string> {
  const out: Record<string, string> = {}
  for (const entry of readdirSync(cwd, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const kind = entry.isSymbolicLink() ? 'link' : entry.isFile() ? 'file' : 'folder'
    const hash = entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
    out[path] = `${kind} ${entry.isFile() ? statSync(path).ino : ''} ${hash}`
  }
  return out
}

const splice = ['-m', 'm.safetensors']
const withBed = ['plain.fa', ...splice, '--regions', 'r.bed']
/** What is read, and the words of a run that reads it. */
const reads: Record<string, readonly string[]> = {
  'plain.fa': withBed,
  'plain.fa.fai': withBed,
  'packed.fa.gz': ['packed.fa.gz', ...splice],
  'packed.fa.gz.fai': ['packed.fa.gz', ...splice],
  'packed.fa.gz.gzi': ['packed.fa.gz', ...splice],
  'r.bed': withBed,
  'm.safetensors': withBed,
  'hyena/model.safetensors': ['plain.fa', '-m', 'hyena'],
  'hyena/config.json': ['plain.fa', '-m', 'hyena/model.safetensors'],
}
/** Ways to spell a file `name` of the folder `cwd` that is to be the output. */
const spellings: Record<string, (cwd: string, name: string) => string> = {
  'as it is': (_, name) => name,
  'with dots': (_, name) => `./hyena/../${name}`,
  absolute: (cwd, name) => join(cwd, name),
  'a symbolic link': (cwd, name) => {
    symlinkSync(join(cwd, name), join(cwd, 'link'))
    return 'link'
  },
  'a link to a link': (cwd, name) => {
    symlinkSync('link', join(cwd, 'link2'))
    symlinkSync(name, join(cwd, 'link'))
    return 'link2'
  },
  'a hard link': (cwd, name) => {
    linkSync(join(cwd, name), join(cwd, 'hard'))
    return 'hard'
  },
  'through a linked folder': (cwd, name) => {
    symlinkSync('.', join(cwd, 'here'))
    return `here/${name}`
  },
}

describe('an output that is an input', () => {
  const names = Object.keys(reads)
  // Each input and each spelling at least once.
  const table = names.map((name, i) => [name, Object.keys(spellings)[i % Object.keys(spellings).length]] as const)
  it.each(table)('%s, %s', async (name, spelling) => {
    const cwd = await everything()
    const output = spellings[spelling](cwd, name)
    const before = state(cwd)
    const { code, lines } = await runProgram(['predict', ...reads[name], '-o', output, '--format', 'tsv'], { cwd })
    expect(lines).toEqual([expect.stringMatching(/: the output is an input: expected another file, got .*--output$/)])
    expect(code).toBe(2)
    expect(state(cwd)).toEqual(before)
  })

  it.each(sideFiles.map((suffix, i) => [suffix, i % 2 === 0 ? 'itself' : 'a link'] as const))(
    'whose %s is an input, %s',
    async (suffix, what) => {
      const cwd = await everything()
      if (what === 'itself') copyFileSync(join(cwd, 'plain.fa'), join(cwd, `out.tsv${suffix}`))
      else symlinkSync('plain.fa', join(cwd, `out.tsv${suffix}`))
      const input = what === 'itself' ? `out.tsv${suffix}` : 'plain.fa'
      const before = state(cwd)
      const { code, lines } = await runProgram(['predict', input, ...splice, '-o', 'out.tsv'], { cwd })
      expect(lines).toEqual([expect.stringContaining(`out.tsv: the output's out.tsv${suffix} is an input`)])
      expect(code).toBe(2)
      expect(state(cwd)).toEqual(before)
    },
  )

  it('a file:// URL, and standard input', async () => {
    const cwd = await everything()
    const before = state(cwd)
    const url = pathToFileURL(join(cwd, 'plain.fa')).href
    const { code, lines } = await runProgram(['predict', url, ...splice, '-o', 'plain.fa', '--format', 'tsv'], { cwd })
    expect(lines).toEqual([expect.stringMatching(/the output is an input: expected another file, got \/.*plain\.fa;/)])
    expect(code).toBe(2)
    const words = commandWords(['predict', '-', ...splice, '-o', 'plain.fa', '--format', 'tsv'])
    const { status, stderr } = spawnSync('sh', ['-c', 'exec "$0" "$@" < plain.fa', process.execPath, ...words], { cwd })
    expect([status, String(stderr)]).toEqual([
      2,
      expect.stringMatching(/the output is an input: expected another file, got -/),
    ])
    expect(state(cwd)).toEqual(before)
  })

  it('every input, spelling and side file, by the function itself', async () => {
    for (const name of Object.keys(reads)) {
      for (const [spelling, spell] of Object.entries(spellings)) {
        const cwd = await everything()
        const input = spell(cwd, name)
        await expect(protectInputs(join(cwd, name), [resolve(cwd, input)]), `${name} ${spelling}`).rejects.toThrow(
          /is an input/,
        )
        for (const [i, suffix] of sideFiles.entries()) {
          const output = join(cwd, `out${i}`)
          linkSync(join(cwd, name), `${output}${suffix}`)
          await expect(protectInputs(output, [resolve(cwd, input)])).rejects.toThrow(
            `the output's ${basename(output)}${suffix} is an input`,
          )
        }
        expect((await protectInputs(join(cwd, 'new'), [resolve(cwd, input)])).path).toBe(join(cwd, 'new'))
      }
    }
  })

  it('a file that does not exist yet is known by its folder', async () => {
    const cwd = await everything()
    symlinkSync('hyena', join(cwd, 'folder'))
    await expect(protectInputs(join(cwd, 'folder/new'), [join(cwd, 'hyena/new')])).rejects.toThrow(/is an input/)
    await protectInputs(join(cwd, basename('new')), [join(cwd, 'hyena/new')])
  })
})
