import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { random } from '../../support/backends.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, type Outcome, runProgram } from '../../support/run-program.ts'

// The program itself (a model, compute threads, everything), killed with SIGKILL at random moments and gone on with.
// resume-kill.test.ts does it far more often to a program without a model. GENOCONV_PROGRAM_KILLS=50 makes it that many a format.
const kills = Number(process.env['GENOCONV_PROGRAM_KILLS'] ?? 3)

const folder = folders()
const words = [
  '--device',
  'cpu',
  '--threads',
  '1',
  '--memory',
  '1G',
  '--model',
  goldenModel('openspliceai-nano.safetensors'),
  '--chunk',
  '8000',
]

/** The size of a file; 0 where there is none. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0

describe.each(['arrow', 'tsv'])('%s', (format) => {
  it(`survives ${kills} kills`, { timeout: 300_000 + kills * 60_000 }, async () => {
    const { path: cwd } = folder({
      'in.fa': `>one\n${randomSequence(400_000, 3)}\n>two\n${randomSequence(50_000, 4)}\n`,
    })
    const whole = `whole.${format}`
    const output = `out.${format}`
    /** Kills it `seconds` after `file` has `bytes` bytes. */
    const run = (
      to: string,
      more: readonly string[],
      kill?: { file: string; bytes: number; seconds: number },
    ): Promise<Outcome> =>
      runProgram(['predict', 'in.fa', '-o', to, ...words, ...more], {
        cwd,
        onStart: (child) => {
          if (!kill) return
          const look = setInterval(() => {
            if (sizeOf(join(cwd, kill.file)) < kill.bytes) return
            clearInterval(look)
            setTimeout(() => child.kill('SIGKILL'), 1000 * kill.seconds)
          }, 2)
          child.on('close', () => clearInterval(look))
        },
      })
    const start = performance.now()
    const undisturbed = await run(whole, [])
    const wholeSeconds = (performance.now() - start) / 1000
    expect(undisturbed.code, undisturbed.stderr).toBe(0)
    const bytes = readFileSync(join(cwd, whole))
    const next = random(format.length)
    const ends = { killed: 0, atTheEnd: 0, wentOn: 0, runs: 0 }
    while (ends.killed < kills) {
      rmSync(join(cwd, output), { force: true })
      for (let more: string[] = []; ; more = ['--resume']) {
        const [u, v] = [(next() + 1) / 2, (next() + 1) / 2]
        // When more of it is written (a record batch at least, so that there is something to go on with); when it all is,
        // just before it gets its name; or some time after it began to go on with all of it.
        const there = Math.max(0.35 * bytes.length, sizeOf(join(cwd, `${output}.partial`)))
        const isAtTheEnd = u < 0.3 && there < bytes.length
        const written = isAtTheEnd ? bytes.length : Math.floor(there + v * (bytes.length - there))
        const seconds = there === bytes.length ? v * wholeSeconds : isAtTheEnd ? 0.01 * v : 0
        // When it has been killed often enough, it may end.
        const ending = await run(
          output,
          more,
          ends.killed < kills ? { file: `${output}.partial`, bytes: written, seconds } : undefined,
        )
        ends.runs++
        if (ending.stderr.includes('continuing after row')) ends.wentOn++
        if (sizeOf(join(cwd, output)) > 0) expect(readFileSync(join(cwd, output)).equals(bytes)).toBe(true)
        if (ending.code === 0) break
        expect([ending.code, ending.signal], ending.stderr).toEqual([null, 'SIGKILL'])
        ends.killed++
        if (isAtTheEnd) ends.atTheEnd++
      }
      expect(readFileSync(join(cwd, output)).equals(bytes)).toBe(true)
      expect(readdirSync(cwd).sort()).toEqual(['in.fa', output, whole].sort())
    }
    console.log(`${format}: ${JSON.stringify(ends)}`)
    expect(ends.wentOn).toBeGreaterThan(kills / 10)
  })
})
