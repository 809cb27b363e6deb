import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { mergeShards, planShards, runShard } from '../../../pipelines/shards.ts'
import { ConfigError } from '../../../src/errors.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, runProgram } from '../../support/run-program.ts'
import { manifestOf, planned, ran } from '../../support/shards.ts'

const folder = folders()

/** Two shards, planned and run, of a FASTA, a BED file and a model in the same folder. */
async function made(): Promise<string> {
  const text = `>one\n${randomSequence(3000, 1)}\n>two\n${randomSequence(2000, 2)}\n`
  const { path } = folder({ 'a.fa': text, 'r.bed': 'one\t5\t900\tg\ntwo\t0\t2000\th\n' })
  cpSync(goldenModel('openspliceai-nano.safetensors'), join(path, 'm.safetensors'))
  const here = (name: string): string => join(path, name)
  await planned(path, { model: here('m.safetensors'), fasta: [here('a.fa')], regions: here('r.bed') }, 2)
  for (const id of [0, 1]) await ran(path, id)
  return path
}

const contents = (path: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), 'latin1')]),
  )

it('merge refuses to write onto anything that the shards were planned from or lie in, whatever it is called', async () => {
  const path = await made()
  symlinkSync('a.fa', join(path, 'link.tsv'))
  linkSync(join(path, 'r.bed'), join(path, 'hard.tsv'))
  linkSync(join(path, 'm.safetensors'), join(path, 'o.tsv.partial'))
  const before = contents(path)
  const outputs = ['a.fa', 'link.tsv', 'hard.tsv', 'm.safetensors', 'run/manifest.json', 'run/shards/1.arrow']
  for (const name of [...outputs, 'run/../run/shards/0.json', 'o.tsv']) {
    const merging = mergeShards(manifestOf(path), { output: join(path, name), format: 'tsv' })
    await expect(merging, name).rejects.toThrow(ConfigError)
    await expect(merging, name).rejects.toThrow(/is an input: expected another file/)
  }
  const { code, lines } = await runProgram(['shard', 'merge', 'run/manifest.json', '-o', 'link.tsv'], { cwd: path })
  expect({ code, lines }).toEqual({ code: 2, lines: [expect.stringMatching(/link\.tsv: the output is an input/)] })
  expect(contents(path)).toEqual(before)
})

it('plan refuses to write onto its inputs, and run onto an input that lies where its shard should', async () => {
  const path = await made()
  const here = (name: string): string => join(path, name)
  const words = { model: here('m.safetensors'), fasta: [here('a.fa')], regions: here('r.bed') }
  mkdirSync(here('other'))
  mkdirSync(here('other/shards'))
  cpSync(here('a.fa'), here('other/shards/0.arrow'))
  const before = contents(path)
  for (const name of ['a.fa', 'a.fa.fai', 'r.bed', 'm.safetensors']) {
    const planning = planShards({
      inputs: words.fasta,
      models: [words.model],
      bedFiles: [words.regions],
      output: here(name),
      shards: 2,
    })
    await expect(planning, name).rejects.toThrow(/is an input/)
  }
  expect(contents(path)).toEqual(before)

  const output = here('other/manifest.json')
  await planShards({
    inputs: [here('other/shards/0.arrow')],
    models: [words.model],
    output,
    shards: 1,
    threads: 1,
    device: 'cpu',
  })
  await expect(runShard(output, 0, { device: 'cpu' })).rejects.toThrow(/shards\/0\.arrow: the output is an input/)
  expect(readFileSync(here('other/shards/0.arrow'), 'latin1')).toBe(before[here('other/shards/0.arrow')])
  expect(existsSync(here('other/shards/0.json'))).toBe(false)
})

it('what callers without types get wrong is a ConfigError that names the option', async () => {
  const plan = { inputs: ['a.fa'], output: 'm.json', shards: 2 }
  const wrong: readonly [Record<string, unknown>, RegExp][] = [
    [{ inputs: [] }, /`inputs`: no FASTA/],
    [{ inputs: 'a.fa' }, /`inputs`/],
    [{ inputs: ['-'] }, /every node can check/],
    [{ output: '-' }, /`output`: shards lie beside their manifest/],
    [{ output: 7 }, /`output`/],
    [{ shards: 0 }, /`shards`: bad value: expected a whole number from 1 to 1000000, got 0/],
    [{ shards: 1e9 }, /`shards`/],
    [{ chunk: 1000.5 }, /`chunk`: bad value: expected a whole number of at least 1, got 1000\.5/],
    [{ memory: Number.NaN }, /`memory`/],
    [{ threads: 2000 }, /`threads`/],
    [{ context: 'some' }, /`context`/],
    [{ strand: 'x' }, /`strand`/],
    [{ precision: 'f64' }, /`precision`/],
    [{ frequencySparsity: 2 }, /`frequencySparsity`/],
    [{ tracks: 'donor' }, /`tracks`/],
    [{ signal: 1 }, /`signal`/],
  ]
  for (const [change, pattern] of wrong) {
    const planning = planShards({ ...plan, ...change } as Parameters<typeof planShards>[0])
    await expect(planning, String(pattern)).rejects.toThrow(pattern)
    await expect(planning).rejects.toThrow(ConfigError)
  }
  await expect(planShards(undefined as never)).rejects.toThrow(ConfigError)
  await expect(runShard('m.json', 0, { threads: 1.5 })).rejects.toThrow(/`threads`/)
  await expect(runShard(7 as never, 0)).rejects.toThrow(ConfigError)
  await expect(mergeShards('m.json', {} as never)).rejects.toThrow(/`output`/)
  await expect(mergeShards('m.json', { output: 'o.x', format: 'pdf' as never })).rejects.toThrow(/`format`/)
  await expect(mergeShards('m.json', undefined as never)).rejects.toThrow(ConfigError)
})
