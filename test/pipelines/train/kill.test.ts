import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { killBeforeStep, runProgram } from '../../support/run-program.ts'
import { tinyModelFiles, trainingWorld } from '../../support/tiny-training.ts'

// `genoconv train`, killed before chosen steps of its work with files and resumed, ends in the weights and the figures of a
// run that nobody killed. A state is written after every step; one that is being written at the kill is cut in half.

const folder = mkdtempSync(join(tmpdir(), 'genoconv-train-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
beforeAll(() => {
  const { letters, table } = trainingWorld()
  writeFileSync(join(folder, 'g.fa'), `>c1\n${letters}\n`)
  writeFileSync(join(folder, 'genes.tsv'), table)
  mkdirSync(join(folder, 'tiny'))
  for (const [name, content] of Object.entries(tinyModelFiles())) writeFileSync(join(folder, 'tiny', name), content)
})

const train = (cwd: string, more: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  runProgram(
    ['train', '../g.fa', '--genes', '../genes.tsv', '--from', '../tiny', '-o', 'out', '--steps', '21'].concat(
      ['--threads', '2', '--device', 'cpu', '--save-seconds', '0'],
      more,
    ),
    { cwd, env },
  )

function place(name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

/** Model, config and metrics, without what the clock says. */
function result(cwd: string) {
  const read = (name: string): Buffer => readFileSync(join(cwd, 'out', name))
  const isOfClock = (key: string): boolean => /^(elapsed|seconds|positionsPerSecond)$/.test(key)
  const metrics = read('metrics.jsonl')
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value) => (isOfClock(key) ? undefined : value)) as unknown)
  return { weights: read('model.safetensors').toString('hex'), config: `${read('config.json')}`, metrics }
}

it('a kill before any step', async () => {
  const whole = place('whole')
  const count = join(folder, 'count')
  const first = await train(whole, [], killBeforeStep(0, count))
  expect(first.code, first.stderr).toBe(0)
  const steps = Number(readFileSync(count, 'utf8'))
  const expected = result(whole)
  expect(expected.metrics.length).toBeGreaterThan(3) // before the first step, of the steps, after the last, the end
  expect(readdirSync(join(whole, 'out')).sort()).toEqual([
    'README.md',
    'config.json',
    'metrics.jsonl',
    'model.safetensors',
  ])

  const middle = Math.floor(steps / 2)
  const endings = { startedOver: 0, resumed: 0, complete: 0, halfStates: 0 }
  for (const step of [4, 8, middle, middle + 1, middle + 2, steps - 6, steps - 2, steps - 1, steps]) {
    const cwd = place(`killed-${step}`)
    const killed = await train(cwd, [], killBeforeStep(step))
    expect([step, killed.signal], killed.stderr).toEqual([step, 'SIGKILL'])
    for (const half of readdirSync(cwd, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.new'),
    )) {
      truncateSync(join(cwd, half), Math.floor(statSync(join(cwd, half)).size / 2))
      if (half.endsWith('state.safetensors.new')) endings.halfStates++
    }
    const { code, stderr } = await train(cwd, ['--resume'])
    expect(code, `killed before step ${step}: ${stderr}`).toBe(0)
    if (stderr.includes('starting from the beginning')) endings.startedOver++
    else if (stderr.includes('resuming after step')) endings.resumed++
    else if (stderr.includes('is complete already')) endings.complete++
    expect(result(cwd), `killed before step ${step}`).toEqual(expected)
    expect(readdirSync(cwd)).toEqual(['out'])
    expect(readdirSync(join(cwd, 'out'))).not.toContain('state.safetensors')
  }
  expect(endings.startedOver).toBeGreaterThan(0)
  expect(endings.resumed).toBeGreaterThan(2)
  expect(endings.complete).toBeGreaterThan(0)
  expect(endings.halfStates).toBeGreaterThan(0)
}, 240_000)

it('the output is refused before anything is read', async () => {
  const cwd = place('refused')
  writeFileSync(join(cwd, 'taken'), 'mine')
  // A FASTA that is none: what is read first would be said first.
  writeFileSync(join(cwd, 'junk.fa'), 'junk')
  mkdirSync(join(cwd, 'x.partial'))
  writeFileSync(join(cwd, 'x.partial/genes.tsv'), 'mine')
  for (const [output, message] of [
    ['taken', /^genoconv: --output: taken exists already/],
    ['', /^genoconv: --output: is empty/],
    ['no/folder', /^genoconv: no\/folder: the output's folder .* does not exist/],
    ['x', /^genoconv: x: x\.partial is where the training would be kept, and it holds what no training made/],
  ] as const) {
    const words = ['train', 'junk.fa', '--genes', 'x.partial/genes.tsv', '--steps', '1', '-o', output]
    const { lines } = await runProgram(words, { cwd })
    expect(lines.join('\n')).toMatch(message)
  }
  expect(readFileSync(join(cwd, 'taken'), 'utf8')).toBe('mine')
  expect(readdirSync(cwd).sort()).toEqual(['junk.fa', 'taken', 'x.partial'])
})
