import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, runProgram } from '../../support/run-program.ts'

const folder = folders()

// workflows/nextflow: each task has a folder of its own, inputs are links in it, outputs are taken from it.
it('plan, run and merge work in folders as Nextflow stages them', async () => {
  const model = goldenModel('openspliceai-nano.safetensors')
  const data = folder({
    'a.fa': `>one\n${randomSequence(3000, 1)}\n>two\n${randomSequence(2000, 2)}\n`,
    'r.bed': 'one\t5\t900\tg\ntwo\t0\t2000\th\n',
  }).path
  expect((await runProgram(['index', join(data, 'a.fa')])).code).toBe(0)
  const task = (links: Readonly<Record<string, string>>): string => {
    const { path } = folder()
    for (const [name, target] of Object.entries(links)) {
      if (name.includes('/')) mkdirSync(join(path, 'shards'), { recursive: true })
      symlinkSync(target, join(path, name))
    }
    return path
  }
  const run = async (cwd: string, ...words: string[]): Promise<void> => {
    const { code, stderr } = await runProgram(words, { cwd })
    expect({ code, stderr }).toMatchObject({ code: 0 })
  }
  const genome = { 'a.fa': join(data, 'a.fa'), 'a.fa.fai': join(data, 'a.fa.fai') }
  const plan = task({ ...genome, 'r.bed': join(data, 'r.bed') })
  const settings = ['--device', 'cpu', '--memory', '2000M', '--threads', '1']
  await run(
    plan,
    'shard',
    'plan',
    'a.fa',
    '--regions',
    'r.bed',
    '--model',
    model,
    ...settings,
    '--shards',
    '2',
    '-o',
    'manifest.json',
  )
  const manifest = { 'manifest.json': join(plan, 'manifest.json') }
  const links: Record<string, string> = { ...manifest }
  for (const id of ['0', '1']) {
    const shard = task({ ...genome, ...manifest })
    await run(shard, 'shard', 'run', 'manifest.json', id, '--device', 'cpu', '--threads', '1')
    for (const end of ['arrow', 'json']) links[`shards/${id}.${end}`] = join(shard, 'shards', `${id}.${end}`)
  }
  const merge = task(links)
  await run(merge, 'shard', 'merge', 'manifest.json', '-o', 'out.arrow')
  copyFileSync(join(merge, 'out.arrow'), join(data, 'out.arrow'))
  await run(data, 'predict', 'a.fa', '--regions', 'r.bed', '--model', model, ...settings, '-o', 'whole.arrow')
  expect(readFileSync(join(data, 'out.arrow')).equals(readFileSync(join(data, 'whole.arrow')))).toBe(true)
}, 300_000)
