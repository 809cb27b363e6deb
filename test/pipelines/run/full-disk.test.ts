import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, killAfterWrites, runProgram } from '../../support/run-program.ts'

// The disk has room for the output, and none for a small file beside it.
const folder = folders()
const common = ['--device', 'cpu', '--threads', '1', '--model', goldenModel('openspliceai-nano.safetensors')]
const files = { 'in.fa': `>one\n${randomSequence(150_000, 7)}\n` }
const hook = fileURLToPath(new URL('../../support/full-disk.mjs', import.meta.url))
const fullFor = (names: RegExp): Record<string, string> => ({
  NODE_OPTIONS: `--import ${hook}`,
  GENOCONV_FULL_DISK: names.source,
})
const predict = (output: string): string[] => ['predict', 'in.fa', '-o', output, '--chunk', '50000', ...common]

it('the record of what would be resumed: the result is complete, or what is there can be resumed later', async () => {
  const { path: cwd, names } = folder(files)
  const fresh = await runProgram(predict('whole.arrow'), { cwd, env: fullFor(/\.partial\.json/) })
  expect(fresh.code, fresh.stderr).toBe(0)
  expect(fresh.stderr).toMatch(
    /warning: whole\.arrow: the disk is full; make room; should this run be interrupted, it cannot be resumed/,
  )
  expect(names()).toEqual(['in.fa', 'whole.arrow'])

  const killed = await runProgram(predict('out.arrow'), { cwd, env: killAfterWrites(1, 'SIGKILL') })
  expect(killed.signal).toBe('SIGKILL')
  const resume = [...predict('out.arrow'), '--resume']
  const full = await runProgram(resume, { cwd, env: fullFor(/\.partial\.json/) })
  expect(full.code).toBe(1)
  expect(full.lines.at(-1)).toMatch(
    /^genoconv: out\.arrow: the disk is full; make room; what was finished is kept: run the same command with --resume to continue$/,
  )
  expect(names()).not.toContain('out.arrow')
  const resumed = await runProgram(resume, { cwd })
  expect(resumed.code, resumed.stderr).toBe(0)
  expect(resumed.stderr).toContain('continuing after row')
  expect(readFileSync(join(cwd, 'out.arrow')).equals(readFileSync(join(cwd, 'whole.arrow')))).toBe(true)
  expect(names()).toEqual(['in.fa', 'out.arrow', 'whole.arrow'])
})

it('the lock: nothing is left', async () => {
  const { path: cwd, names } = folder(files)
  const { code, stderr } = await runProgram(predict('out.arrow'), { cwd, env: fullFor(/\.lock/) })
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^genoconv: out\.arrow: the disk is full; make room/),
  })
  expect(names()).toEqual(['in.fa'])
})

it('what says that a shard is complete: the shard is not there, and is computed again', async () => {
  const { path: cwd } = folder(files)
  const shards = (): string[] => readdirSync(join(cwd, 'run/shards')).sort()
  await runProgram(['shard', 'plan', 'in.fa', '--shards', '1', '-o', 'run/manifest.json', ...common], { cwd })
  const run = ['shard', 'run', 'run/manifest.json', '0', '--device', 'cpu', '--threads', '1']
  const { code, stderr } = await runProgram(run, { cwd, env: fullFor(/shards\/0\..*json$/) })
  expect(code).toBe(1)
  expect(stderr).toMatch(/0\.arrow: the disk is full; make room/)
  expect(shards()).toEqual([])
  expect(await runProgram(run, { cwd })).toMatchObject({ code: 0 })
  expect(shards()).toEqual(['0.arrow', '0.json'])
})
