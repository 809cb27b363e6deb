import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { commandWords, folders } from '../../support/run-program.ts'

const folder = folders()

/** A wrapper that says how much memory its program took at most, in KiB, after it has ended. */
const peak = `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS + '\\n'))`

// The sources, run as they are, take memory for their translation too.
const isBuilt = process.env['GENOCONV_SKIP_BUILD'] !== '1'

it.runIf(isBuilt).each([1, 2, 8])(
  'the memory that the error asks for is enough, and is kept to: %d threads',
  (threads) => {
    const { path } = folder()
    const fasta = join(path, 'a.fa')
    const wrapper = join(path, 'peak.cjs')
    writeFileSync(fasta, `>a\n${randomSequence(15_000, 1)}\n`)
    writeFileSync(wrapper, peak)
    const run = (memory: string) =>
      spawnSync(
        process.execPath,
        [
          '--require',
          wrapper,
          ...commandWords([
            'predict',
            fasta,
            '-m',
            'splice',
            '--device',
            'cpu',
            '--threads',
            `${threads}`,
            '--memory',
            memory,
            '-o',
            join(path, `${memory}.tsv`),
          ]),
        ],
        { encoding: 'utf8' },
      )
    const asked = /expected at least (\d+)M/.exec(run('64M').stderr)?.[1]
    expect(asked).toBeDefined()
    const { status, stderr } = run(`${asked}M`)
    expect(status, stderr).toBe(0)
    const peaks = [...stderr.matchAll(/^peak (\d+)$/gm)].map(([, kibibytes]) => Number(kibibytes))
    expect(peaks.length).toBeGreaterThan(0)
    expect(Math.max(...peaks)).toBeLessThanOrEqual(Number(asked) * 1024)
  },
)
