import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { random } from '../../support/backends.ts'
import { randomSequence } from '../../support/memory-genome.ts'

// A run killed at random moments, and gone on with after each, ends in the bytes of a run that nobody killed.
// GENOCONV_KILLS=200 makes it that many moments for each format (ten minutes on two busy cores); the default is enough for every commit.
const kills = Number(process.env['GENOCONV_KILLS'] ?? 12)

const folder = mkdtempSync(join(tmpdir(), 'genoconv-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fasta = join(folder, 'in.fa')
const program = join(folder, 'resume-child.mjs')
writeFileSync(join(folder, 'package.json'), '{ "version": "0.0.0" }') // the program says its version

beforeAll(async () => {
  const text = ['one', 'two', 'three'].map(
    (name, i) => `>${name}\n${randomSequence(190_000 - 60_000 * i, i).replace(/.{60}/g, '$&\n')}\n`,
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
  readonly seconds: number
  readonly stderr: string
}

/** Runs until it ends or `killAfter` seconds have passed since it said `mark` (or since its start). */
function run(
  output: string,
  words: readonly string[],
  kill?: { mark: 'start' | 'begin' | 'finish'; seconds: number },
): Promise<Ending> {
  const start = performance.now()
  const child = spawn(process.execPath, [program, fasta, output, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let timer: NodeJS.Timeout | undefined
  const killLater = (mark: string): void => {
    if (kill?.mark === mark) timer = setTimeout(() => child.kill('SIGKILL'), 1000 * kill.seconds)
  }
  let stderr = ''
  child.stdout.on('data', (data: Buffer) => data.toString().trim().split('\n').forEach(killLater))
  child.stderr.on('data', (data) => {
    stderr += data
  })
  killLater('start')
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, seconds: (performance.now() - start) / 1000, stderr })
    })
  })
}

describe.each(['arrow', 'tsv'])('%s', (format) => {
  it(`survives ${kills} kills`, { timeout: 60_000 + kills * 10_000 }, async () => {
    const whole = join(folder, `whole.${format}`)
    const { code, seconds, stderr } = await run(whole, [])
    expect(code, stderr).toBe(0)
    const bytes = readFileSync(whole)
    const next = random(format.length)
    const output = join(folder, `out.${format}`)
    const ends = { killed: 0, killedFinishing: 0, wentOn: 0, alreadyComplete: 0, runs: 0 }
    while (ends.killed < kills) {
      rmSync(output, { force: true })
      for (let words: string[] = []; ; words = ['--resume']) {
        const hadRows = existsSync(`${output}.partial`) && existsSync(`${output}.partial.json`)
        const wasThere = existsSync(output) // with its record, where the kill came between rename and clearing up
        const u = (next() + 1) / 2
        const mark = u < 0.3 ? 'finish' : u < 0.45 ? 'begin' : 'start'
        const span = { finish: 0.012, begin: 0.03, start: 1.1 * seconds }[mark]
        const ending = await run(output, words, { mark, seconds: (span * (next() + 1)) / 2 })
        ends.runs++
        if (hadRows && ending.stderr.includes('continuing after row')) ends.wentOn++
        if (wasThere && ending.code === 0 && words.length > 0) ends.alreadyComplete++
        if (ending.code === 0) break
        expect(ending.code, ending.stderr).toBe(null) // killed, never failed
        ends.killed++
        if (mark === 'finish') ends.killedFinishing++
        // What stands under the output's name is complete at any moment.
        if (existsSync(output)) expect(readFileSync(output).equals(bytes)).toBe(true)
      }
      expect(readFileSync(output).equals(bytes)).toBe(true)
      expect(readdirSync(folder).filter((name) => name.startsWith(`out.${format}`))).toEqual([`out.${format}`])
    }
    console.log(`${format}: ${JSON.stringify(ends)}`)
    expect(ends.killedFinishing).toBeGreaterThan(kills / 20)
    expect(ends.wentOn).toBeGreaterThan(kills / 10)
  })
})
