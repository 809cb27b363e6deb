import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { goldenModel } from '../../support/run-program.ts'
import { interruptAt, predictHere, scratch } from '../../support/run-predict.ts'

const path = scratch()
const fasta = path('in.fa')
const text = ['one', 'two', 'three'].map((name, i) => `>${name}\n${randomSequence(30_000 - 7000 * i, i)}\n`).join('')
const bed = path('r.bed')
const common = { fasta: [fasta], chunk: '4000' }
const besides = (output: string): string[] =>
  readdirSync(dirname(output)).filter((name) => path(name) !== output && path(name).startsWith(output))
let whole: Buffer

beforeAll(async () => {
  writeFileSync(fasta, text)
  writeFileSync(bed, 'one\t100\t900\tx\ntwo\t5\t15000\ty\t0\t-\n')
  await predictHere({ ...common, output: path('whole.tsv') })
  whole = readFileSync(path('whole.tsv'))
})

/** Leaves `name` as a run that was interrupted in the middle does. */
async function interrupted(name: string, argv: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const output = path(name)
  const { error } = await predictHere({ ...common, output, resume: true, ...argv }, interruptAt(32_000))
  expect(error?.text).toMatch(
    /^interrupted \(SIGINT\); what was finished is kept: run the same command with --resume to continue$/,
  )
  expect(besides(output).sort()).toEqual([`${name}.partial`, `${name}.partial.json`])
  return output
}

describe('a run that was interrupted', () => {
  it('continues with --resume, and ends in the same bytes', async () => {
    const output = await interrupted('a.tsv')
    const { error, lines, summary } = await predictHere({ ...common, output, resume: true })
    expect(error).toBeUndefined()
    expect(lines.join('\n')).toMatch(/continuing after row [\d,]+ of .*a\.tsv\.partial/)
    expect(Number(summary?.['basesBefore'])).toBeGreaterThan(8000)
    expect(Number(summary?.['bases']) + Number(summary?.['basesBefore'])).toBe(30_000 + 23_000 + 16_000)
    expect(readFileSync(output).equals(whole)).toBe(true)
    expect(besides(output)).toEqual([])
  })

  it('leaves nothing without --resume', async () => {
    const output = path('b.tsv')
    const { error } = await predictHere({ ...common, output }, interruptAt(32_000))
    expect(error?.text).toBe('interrupted (SIGINT)')
    expect([existsSync(output), ...besides(output)]).toEqual([false])
  })

  it('resumes with the memory and threads it began with', async () => {
    const output = await interrupted('c.tsv', { memory: '900M', threads: '2' })
    const { error } = await predictHere({ ...common, output, resume: true, threads: undefined })
    expect(error).toBeUndefined()
    await predictHere({ ...common, output: path('c2.tsv'), memory: '900M', threads: '2' })
    expect(readFileSync(output).equals(readFileSync(path('c2.tsv')))).toBe(true)
  })

  it('regions: resumes in the middle of one', async () => {
    await predictHere({ ...common, regions: bed, output: path('d.tsv') })
    const output = path('d2.tsv')
    await predictHere({ ...common, regions: bed, output, resume: true }, interruptAt(10_000))
    const { error } = await predictHere({ ...common, regions: bed, output, resume: true })
    expect(error).toBeUndefined()
    expect(readFileSync(output).equals(readFileSync(path('d.tsv')))).toBe(true)
  })
})

describe('--resume refuses what would end in other bytes, says why, and leaves what is there', () => {
  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'another model',
      { model: goldenModel('original.safetensors') },
      /--resume: the model \S*original\S* changed .*SHA-256/,
    ],
    ['another strand', { strand: '-' }, /--strand changed .*expected not given, got -/],
    ['other tracks', { tracks: 'donor' }, /--tracks changed .*expected acceptor,donor, got donor/],
    ['another chunk', { chunk: '5000' }, /--chunk changed .*expected 4000, got 5000/],
    ['regions', { region: 'one' }, /regions .* changed .*expected whole records, got 1 regions/],
    ['other memory', { memory: '700M' }, /--memory.* changed .*leave --memory out/],
    ['other threads', { threads: '2' }, /--threads.* changed .*expected 1, got 2/],
    ['another context', { context: '5' }, /--context changed/],
    ['another input', { fasta: [path('other.fa')] }, /the list of inputs changed .*in\.fa, got other\.fa/],
  ])('%s', async (_, argv, pattern) => {
    writeFileSync(path('other.fa'), text)
    const output = path('refused.tsv')
    if (!existsSync(`${output}.partial`)) await interrupted('refused.tsv')
    const before = readFileSync(`${output}.partial`)
    const { error } = await predictHere({ ...common, output, resume: true, ...argv })
    expect(error?.class).toBe('ConfigError')
    expect(error?.text).toMatch(pattern)
    expect(error?.text).toMatch(/run without --resume to start over$/)
    expect(readFileSync(`${output}.partial`).equals(before)).toBe(true)
  })

  it('an input of other content', async () => {
    const output = await interrupted('e.tsv')
    try {
      writeFileSync(fasta, text.replace(/A(?=[^A]*$)/, 'C'))
      const { error } = await predictHere({ ...common, output, resume: true })
      expect(error?.text).toMatch(/--resume: in\.fa changed .*SHA-256 [0-9a-f]{64}, got .*SHA-256 [0-9a-f]{64}/)
    } finally {
      writeFileSync(fasta, text)
    }
    expect((await predictHere({ ...common, output, resume: true })).error).toBeUndefined()
    expect(readFileSync(output).equals(whole)).toBe(true)
  })

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['standard input', { fasta: ['-'], output: path('f.tsv') }, /standard input/],
    ['standard output', { output: '-', format: 'tsv' }, /standard output/],
    ['a device', { output: '/dev/null', format: 'tsv' }, /not a regular file/],
    ['Parquet', { output: path('f.parquet') }, /parquet.*arrow, arrows or tsv/],
    ['bigWig', { output: path('f.bw') }, /bigwig.*arrow, arrows or tsv/],
    ['bedGraph', { output: path('f.bedgraph') }, /bedgraph.*arrow, arrows or tsv/],
  ])('%s', async (_, argv, pattern) => {
    const { error } = await predictHere({ ...common, resume: true, ...argv })
    expect(error?.class).toBe('ConfigError')
    expect(error?.text).toMatch(pattern)
  })
})

describe('a kill between any two steps', () => {
  const resume = (output: string) => predictHere({ ...common, output, resume: true })
  const expectWhole = (output: string): void => {
    expect(readFileSync(output).equals(whole)).toBe(true)
    expect(besides(output)).toEqual([])
  }

  it('nothing there, a partial file without a record, a record without a partial file: starts anew and says so', async () => {
    for (const [state, pattern] of [
      ['nothing', /there is no/],
      ['partial', /no record/],
      ['record', /there is no/],
      ['torn record', /no record/],
    ] as const) {
      const output = await interrupted('g.tsv')
      if (state === 'partial' || state === 'nothing') unlinkSync(`${output}.partial.json`)
      if (state === 'record' || state === 'nothing') unlinkSync(`${output}.partial`)
      if (state === 'torn record') truncateSync(`${output}.partial.json`, 50)
      const { lines, error } = await resume(output)
      expect(error).toBeUndefined()
      expect(lines.join('\n')).toMatch(/starting from the beginning/)
      expect(lines.join('\n')).toMatch(pattern)
      expectWhole(output)
      unlinkSync(output)
    }
  })

  it('all written, not yet renamed; half a new record', async () => {
    const output = await interrupted('h.tsv')
    copyFileSync(path('whole.tsv'), `${output}.partial`)
    writeFileSync(`${output}.partial.json.new`, '{"form')
    expect((await resume(output)).summary?.['bases']).toBe(0)
    expectWhole(output)
  })

  it('renamed, the record still there: complete, and not computed again', async () => {
    const output = await interrupted('i.tsv')
    unlinkSync(`${output}.partial`)
    copyFileSync(path('whole.tsv'), output)
    const record = JSON.parse(readFileSync(`${output}.partial.json`, 'utf8'))
    writeFileSync(`${output}.partial.json`, JSON.stringify({ ...record, writtenBytes: whole.length }))
    const { mtimeMs, ino } = statSync(output)
    const { error, summary } = await resume(output)
    expect([error, summary?.['bases']]).toEqual([undefined, 0])
    expect([statSync(output).mtimeMs, statSync(output).ino]).toEqual([mtimeMs, ino])
    expectWhole(output)
  })

  it('an older output under the name is not taken for this one', async () => {
    const output = await interrupted('j.tsv')
    unlinkSync(`${output}.partial`)
    writeFileSync(output, 'something older')
    expect((await resume(output)).error).toBeUndefined()
    expectWhole(output)
  })
})
