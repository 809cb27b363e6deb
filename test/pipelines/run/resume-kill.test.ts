import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { killBeforeStep } from '../../support/run-program.ts'

// A run killed before any step of its work with files, and resumed, ends in the bytes of a run that nobody killed. The
// steps of an undisturbed run are counted; killed are the first ones, the last ones (where the output gets its name) and
// some between, whatever the machine's speed. scripts/kill-trial.mjs does it to the program itself, hundreds of times.
const atEachEnd = 8
const between = 4

const folder = mkdtempSync(join(tmpdir(), 'genoconv-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fasta = join(folder, 'in.fa')
const program = join(folder, 'resume-child.mjs')
writeFileSync(join(folder, 'package.json'), '{ "version": "0.0.0" }') // the program says its version

beforeAll(async () => {
  const text = ['one', 'two', 'three'].map(
    (name, i) => `>${name}\n${randomSequence(100_000 - 30_000 * i, i).replace(/.{60}/g, '$&\n')}\n`,
  )
  writeFileSync(fasta, text.join(''))
  // One file, because a process that only starts is not worth killing.
  await build({
    entryPoints: [fileURLToPath(new URL('../../support/resume-child.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['webgpu'],
    logLevel: 'error',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  })
})

interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

function run(output: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ending> {
  const child = spawn(process.execPath, [program, fasta, output, ...words], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }))
  })
}

it.each(['arrow', 'tsv'])('%s: a kill before any step', async (format) => {
  const whole = join(folder, `whole.${format}`)
  const count = join(folder, `count-${format}`)
  const first = await run(whole, [], killBeforeStep(0, count))
  expect(first.code, first.stderr).toBe(0)
  const steps = Number(readFileSync(count, 'utf8'))
  expect(steps).toBeGreaterThan(2 * atEachEnd)
  const bytes = readFileSync(whole)
  const output = join(folder, `out.${format}`)
  const chosen = Array.from({ length: steps }, (_, i) => i + 1).filter(
    (step) =>
      step <= atEachEnd || step > steps - atEachEnd || step % Math.ceil((steps - 2 * atEachEnd) / between) === 0,
  )
  const ends = { resumed: 0, alreadyComplete: 0, startedOver: 0 }
  for (const step of chosen) {
    rmSync(output, { force: true })
    const killed = await run(output, [], killBeforeStep(step))
    expect([step, killed.signal], killed.stderr).toEqual([step, 'SIGKILL'])
    // What stands under the output's name is complete at any moment.
    const wasThere = existsSync(output)
    if (wasThere) expect(readFileSync(output).equals(bytes)).toBe(true)
    const { code, stderr } = await run(output, ['--resume'], {})
    expect(code, stderr).toBe(0)
    if (stderr.includes('continuing after row')) ends.resumed++
    else if (stderr.includes('starting from the beginning')) ends.startedOver++
    else ends.alreadyComplete++
    expect(readFileSync(output).equals(bytes), `killed before step ${step}`).toBe(true)
    expect(readdirSync(folder).filter((name) => name.startsWith(`out.${format}`))).toEqual([`out.${format}`])
  }
  // Each of the three is met: before the first rows, with rows, and between the rename and the end of the record.
  expect(ends.startedOver).toBeGreaterThan(0)
  expect(ends.resumed).toBeGreaterThan(0)
  expect(ends.alreadyComplete).toBeGreaterThan(0)
})
