import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { commandWords, folders, goldenModel, type Outcome, runProgram } from '../../support/run-program.ts'

// Two runs with one output: the program itself. The first reads from a pipe that the test holds, so it is at work for as
// long as the test wants.

const folder = folders()
const words = ['--device', 'cpu', '--threads', '1', '--model', goldenModel('openspliceai-nano.safetensors')]
const gene = `>one\n${randomSequence(3000, 1)}\n`
const other = `>two\n${randomSequence(3000, 2)}\n`

interface Holder {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
}

/** Starts a run and waits until it has the lock of out.tsv. */
async function hold(cwd: string): Promise<Holder> {
  const child = spawn(process.execPath, commandWords(['predict', '-', '-o', 'out.tsv', ...words]), { cwd })
  child.stderr.resume()
  const ended = new Promise<number | null>((done) => void child.on('close', done))
  while (!existsSync(join(cwd, 'out.tsv.partial'))) {
    expect(child.exitCode).toBe(null)
    await setTimeout(20)
  }
  return { child, ended }
}

const run = (cwd: string, more: readonly string[] = []): Promise<Outcome> =>
  runProgram(['predict', 'b.fa', '-o', 'out.tsv', ...words, ...more], { cwd })

it('the second run refuses, with --resume too, and names the first, which ends in the bytes of its input', async () => {
  const { path: cwd, names } = folder({ 'a.fa': gene, 'b.fa': other })
  await runProgram(['predict', 'a.fa', '-o', 'whole.tsv', ...words], { cwd })
  const { child, ended } = await hold(cwd)
  for (const more of [[], ['--resume'], ['-o', './out.tsv']]) {
    const second =
      more[0] === '-o' ? await runProgram(['predict', 'b.fa', ...more, ...words], { cwd }) : await run(cwd, more)
    expect([second.code, second.lines.length], second.stderr).toEqual([1, 1])
    expect(second.lines[0]).toMatch(
      new RegExp(
        `out\\.tsv: another run is writing this output: expected one run at a time, got process ${child.pid} on`,
      ),
    )
  }
  child.stdin!.end(gene)
  expect(await ended).toBe(0)
  expect(readFileSync(join(cwd, 'out.tsv')).equals(readFileSync(join(cwd, 'whole.tsv')))).toBe(true)
  expect(names()).toEqual(['a.fa', 'b.fa', 'out.tsv', 'whole.tsv'])
})

it('what a killed run held is free; of several that take it over at once, one runs and the others refuse', async () => {
  const { path: cwd, names } = folder({ 'b.fa': other })
  const { child, ended } = await hold(cwd)
  child.kill('SIGKILL')
  await ended
  expect(names()).toContain('out.tsv.partial.lock')
  const takers = [1, 2, 3].map(() => {
    const taker = spawn(process.execPath, commandWords(['predict', '-', '-o', 'out.tsv', ...words]), { cwd })
    let stderr = ''
    taker.stderr.on('data', (data) => {
      stderr += data
    })
    taker.stdin.on('error', () => {}) // one that refuses does not read
    return {
      taker,
      end: new Promise<[number | null, string]>((done) => taker.on('close', (code) => done([code, stderr]))),
    }
  })
  // The two that refuse end by themselves; the one that runs waits for its input.
  const open = new Set(takers)
  for (let refused = 0; refused < 2; refused++) {
    const [which, [code, stderr]] = await Promise.race([...open].map(async (one) => [one, await one.end] as const))
    expect(code, stderr).toBe(1)
    expect(stderr).toMatch(/another run is writing this output/)
    open.delete(which)
  }
  const [{ taker, end }] = open
  taker.stdin.end(other)
  const [code, stderr] = await end
  expect(code, stderr).toBe(0)
  expect(names()).toEqual(['b.fa', 'out.tsv'])
  expect((await run(cwd)).code).toBe(0)
})

it('a lock of another machine is not taken over', async () => {
  const { path: cwd, names } = folder({ 'b.fa': other })
  const lock = { pid: 1, host: 'elsewhere', space: '', boot: '', start: '', nonce: 'aa', since: '2026-11-24' }
  writeFileSync(join(cwd, 'out.tsv.partial.lock'), JSON.stringify(lock))
  const { code, lines } = await run(cwd)
  expect(code).toBe(1)
  expect(lines).toEqual([
    expect.stringMatching(/process 1 on elsewhere.*; if that run is gone, remove .*out\.tsv\.partial\.lock$/),
  ])
  expect(names()).toEqual(['b.fa', 'out.tsv.partial.lock'])
})
