import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import type { Worker } from 'node:worker_threads'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeIndex } from '../../../src/io/fasta/write-index.ts'
import { bgzip } from '../../support/fasta-files.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, killAfterWrites, runProgram } from '../../support/run-program.ts'
import { predictHere, scratch } from '../../support/run-predict.ts'

// What breaks in the middle of a run: one clear error; with --resume what was finished is kept, and the run continues from there.

const path = scratch()
const fasta = path('in.fa')
const text = `>one\n${randomSequence(40_000, 1).replace(/.{60}/g, '$&\n')}\n>two\n${randomSequence(30_000, 2).replace(/.{60}/g, '$&\n')}\n`
const common = { fasta: [fasta], chunk: '4000' }
let whole: Buffer

beforeAll(async () => {
  writeFileSync(fasta, text)
  await predictHere({ ...common, output: path('whole.tsv') })
  whole = readFileSync(path('whole.tsv'))
})

/** The same run once more; it must have something to resume, and end in the bytes of an undisturbed one. */
async function expectGoesOn(argv: Readonly<Record<string, unknown>>): Promise<void> {
  const { error, lines } = await predictHere({ ...common, resume: true, ...argv })
  expect(error).toBeUndefined()
  expect(lines.join('\n')).toMatch(/continuing after row/)
  expect(readFileSync(String(argv['output'])).equals(whole)).toBe(true)
}

const isRoot = process.getuid?.() === 0

describe.skipIf(!isRoot || process.platform !== 'linux')(
  'disk full (skipped: only root on Linux can mount a small disk)',
  () => {
    const disk = path('disk')
    const onDisk = async (use: () => Promise<void>): Promise<void> => {
      mkdirSync(disk)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=800k', 'tmpfs', disk])
      try {
        await use()
      } finally {
        execFileSync('umount', [disk])
        rmSync(disk, { recursive: true })
      }
    }

    it('nothing is left without --resume', () =>
      onDisk(async () => {
        const { error } = await predictHere({ ...common, output: `${disk}/out.tsv` })
        expect(error).toEqual({
          class: 'LimitError',
          text: expect.stringMatching(/out\.tsv: the disk is full; make room.*nothing was kept$/),
        })
        expect(existsSync(`${disk}/out.tsv.partial`)).toBe(false)
      }))

    it('with --resume it continues when there is room', () =>
      onDisk(async () => {
        const { error } = await predictHere({ ...common, output: `${disk}/out.tsv`, resume: true })
        expect(error?.text).toMatch(
          /the disk is full; make room; what was finished is kept: run the same command with --resume to continue$/,
        )
        execFileSync('mount', ['-o', 'remount,size=20m', disk])
        await expectGoesOn({ output: `${disk}/out.tsv` })
      }))
  },
)

it('a worker thread that dies', async () => {
  const threads = createRequire(import.meta.url)('node:worker_threads')
  const Original = threads.Worker
  const workers: Worker[] = []
  threads.Worker = class extends Original {
    constructor(...args: unknown[]) {
      super(...args)
      workers.push(this as unknown as Worker)
    }
  }
  syncBuiltinESMExports()
  try {
    const output = path('worker.tsv')
    const { error } = await predictHere(
      { ...common, output, resume: true },
      ({ basesDone }) => void (basesDone > 30_000 && workers[0].terminate()),
    )
    expect(workers.length).toBeGreaterThan(0)
    expect(error?.class).toBe('DeviceError')
    expect(error?.text).toMatch(/a compute thread died.*--resume/)
    await expectGoesOn({ output })
  } finally {
    threads.Worker = Original
    syncBuiltinESMExports()
  }
})

it('an output folder that vanishes', async () => {
  for (const resume of [false, true]) {
    mkdirSync(path('gone'))
    const output = path('gone/out.tsv')
    const { error } = await predictHere(
      { ...common, output, resume },
      ({ basesDone }) => void (basesDone > 30_000 && rmSync(path('gone'), { recursive: true, force: true })),
    )
    expect(error).toEqual({
      class: 'FormatError',
      text: expect.stringMatching(/out\.tsv: the partial output has vanished, or its folder has; nothing was kept$/),
    })
  }
})

describe('a corrupt BGZF block in the middle of a genome', () => {
  const packed = path('long.fa.gz')
  const blockBytes = 4096
  const bases = 1_000_000
  const long = `>long\n${randomSequence(bases, 7)}\n`
  const good = bgzip(long, blockBytes)
  const regions = { region: ['long:1-9000', 'long:300001-312000', 'long:10001-12000'], chunk: '3000' }
  /** `packed` with a bit turned in the block that base `position` stands in. */
  const damagedAt = (position: number): Uint8Array => {
    const block = Math.floor((position + 6) / blockBytes)
    const start = bgzip(long.slice(0, block * blockBytes), blockBytes, false).length
    return good.map((byte, i) => (i === start + 500 ? byte ^ 1 : byte))
  }
  const run = (name: string) => predictHere({ ...regions, fasta: [packed], output: path(name), resume: true })
  // As on a disk that rots: the file was indexed when it was sound, and its time has not changed.
  const write = (content: Uint8Array): void => {
    writeFileSync(packed, content)
    utimesSync(packed, 1e9, 1e9)
  }
  beforeAll(async () => {
    write(good)
    await writeIndex(packed)
    await run('sound.tsv')
  })

  it('is named with its offset; a resumed run takes the repaired file', async () => {
    write(damagedAt(306_000))
    const { error } = await run('damaged.tsv')
    expect(error?.class).toBe('FormatError')
    expect(error?.text).toMatch(
      /long\.fa\.gz at compressed offset \d+: corrupt BGZF block: .*what was finished is kept: run the same command with --resume to continue$/,
    )
    expect((await run('damaged.tsv')).error?.text).toMatch(/at compressed offset \d+: corrupt BGZF block/) // it is still there
    write(good)
    const { error: none, lines } = await run('damaged.tsv')
    expect(none).toBeUndefined()
    expect(lines.join('\n')).toMatch(
      /warning: long\.fa\.gz was corrupt and has been repaired \(near byte \d+, nowhere else\): continuing/,
    )
    expect(lines.join('\n')).toMatch(/continuing after row [\d,]{5,} of /)
    expect(readFileSync(path('damaged.tsv')).equals(readFileSync(path('sound.tsv')))).toBe(true)
  })

  it('a file that differs in other places too is another genome', async () => {
    write(damagedAt(306_000))
    await run('other.tsv')
    write(bgzip(`>long\n${randomSequence(bases, 8)}\n`, blockBytes))
    const { error } = await run('other.tsv')
    expect(error).toEqual({
      class: 'ConfigError',
      text: expect.stringMatching(
        /--resume: long\.fa\.gz changed since the interrupted run: expected \d+ bytes, SHA-256 .*start over$/,
      ),
    })
  })
})

const folder = folders()

describe('the program', () => {
  const words = [
    '--device',
    'cpu',
    '--threads',
    '1',
    '--model',
    goldenModel('openspliceai-nano.safetensors'),
    '--chunk',
    '2000',
  ]
  const long = `>long\n${randomSequence(600_000, 3)}\n`

  it('SIGKILL, then SIGINT, then --resume: the same bytes as an undisturbed run', { timeout: 120_000 }, async () => {
    const { path: cwd, names } = folder({ 'long.fa': long })
    // Ended when it has written so many record batches, however fast it is.
    const run = (output: string, more: readonly string[], signal?: NodeJS.Signals, recordBatches = 0) =>
      runProgram(['predict', 'long.fa', '-o', output, ...words, ...more], {
        cwd,
        env: signal ? killAfterWrites(recordBatches, signal) : {},
      })
    expect((await run('whole.arrow', [])).code).toBe(0)
    expect((await run('out.arrow', [], 'SIGKILL', 2)).signal).toBe('SIGKILL')
    expect(names()).toEqual([
      'long.fa',
      'out.arrow.partial',
      'out.arrow.partial.json',
      'out.arrow.partial.lock',
      'whole.arrow',
    ])
    const second = await run('out.arrow', ['--resume'], 'SIGINT', 1)
    expect(second.code).toBe(130)
    expect(second.stderr).toMatch(/continuing after row/)
    expect(second.lines.at(-1)).toMatch(
      /^genoconv: interrupted \(SIGINT\); what was finished is kept: run the same command with --resume to continue$/,
    )
    const third = await run('out.arrow', ['--resume', '--json'])
    expect(third.code, third.stderr).toBe(0)
    expect(JSON.parse(third.lines.at(-1)!)).toMatchObject({ event: 'done' })
    expect(readFileSync(`${cwd}/out.arrow`).equals(readFileSync(`${cwd}/whole.arrow`))).toBe(true)
    expect(names()).toEqual(['long.fa', 'out.arrow', 'whole.arrow'])
  })
})
