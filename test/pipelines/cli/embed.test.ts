import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { EmbedOptions } from '../../../pipelines/embed/options.ts'
import { embed } from '../../../pipelines/embed.ts'
import { loadModel } from '../../../pipelines/models/load-model.ts'
import type { Backend } from '../../../src/kernels/backend.ts'
import { createCpuBackend } from '../../../src/kernels/cpu/cpu-backend.ts'
import { relativeError } from '../../support/backends.ts'
import { memoryGenome, randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, killAfterWrites, runProgram } from '../../support/run-program.ts'

// What the command writes is what the library gives, whose values other tests hold against float64.
const folder = folders()
const model = goldenModel('hyena-nano')
const one = randomSequence(1500, 1)
const two = randomSequence(400, 2)
const fasta = `>one\n${one}\n>two\n${two}\n`
const bed = 'one\t10\t700\tx\t0\t-\ntwo\t0\t400\ty\none\t690\t691\tx\n'
const regions = [
  { contig: 'one', start: 10, end: 700, name: 'x', strand: '-' as const },
  { contig: 'two', start: 0, end: 400, name: 'y' },
  { contig: 'one', start: 690, end: 691, name: 'x' },
]
const words = ['-m', model, '--device', 'cpu', '--threads', '1']

let backend: Backend
beforeAll(() => {
  backend = createCpuBackend({ threads: 1 })
})
afterAll(() => backend.destroy())

/** Of each region its embeddings, one after the other. */
async function expected(options: EmbedOptions): Promise<number[][]> {
  const loaded = await loadModel([model], { backend })
  const rows: number[][] = []
  for await (const { regionIndex, embedding } of embed(loaded, memoryGenome({ one, two }), options)) {
    rows[regionIndex] ??= []
    rows[regionIndex].push(...embedding)
  }
  loaded.close()
  return rows
}

/** The rows of an Arrow file or stream; embeddings as lists. */
const rowsOf = (bytes: Uint8Array): Record<string, unknown>[] =>
  tableFromIPC(bytes)
    .toArray()
    .map((row) => {
      const { embedding, ...rest } = row.toJSON() as Record<string, unknown>
      return { ...rest, embedding: [...(embedding as Iterable<number>)] }
    })
const flat = (rows: readonly Record<string, unknown>[]): number[] =>
  rows.flatMap(({ embedding }) => embedding as number[])

it('one row per region, in Arrow, as a stream and in Parquet', async () => {
  const { path, names } = folder({ 'a.fa': fasta, 'r.bed': bed })
  const run = (...more: string[]) =>
    runProgram(['embed', 'a.fa', '--regions', 'r.bed', ...words, ...more], { cwd: path })
  const { code, lines } = await run('-o', 'out.arrow')
  expect({ code, lines }).toEqual({ code: 0, lines })
  expect(names()).toEqual(['a.fa', 'out.arrow', 'r.bed'])
  const rows = rowsOf(readFileSync(join(path, 'out.arrow')))
  const places = regions.map(({ contig, start, end, name }) => ({ contig, start, end, region: name }))
  expect(rows.map(({ embedding: _, ...place }) => place)).toEqual(places)
  const values = await expected({ regions })
  expect(relativeError(flat(rows), values.flat())).toBeLessThan(2e-6)
  const { stdout } = await run('-o', '-')
  expect(rowsOf(stdout)).toEqual(rows)
  expect((await run('-o', 'out.parquet')).code).toBe(0)
  const { buffer, byteOffset, byteLength } = readFileSync(join(path, 'out.parquet'))
  const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer
  const stored = (await parquetReadObjects({ file })) as { region: string; embedding: number[] }[]
  expect(stored.map(({ region }) => region)).toEqual(['x', 'y', 'x'])
  expect(stored.flatMap(({ embedding }) => embedding)).toEqual(flat(rows))
})

it('one row per base of both strands, of a layer; the largest of each channel', async () => {
  const { path } = folder({ 'a.fa': fasta, 'r.bed': bed })
  const run = (...more: string[]) =>
    runProgram(['embed', 'a.fa', ...words, '--strand', 'both', '--layer', '0', ...more], { cwd: path })
  expect((await run('--pool', 'none', '-o', 'out.arrow')).code).toBe(0)
  const rows = rowsOf(readFileSync(join(path, 'out.arrow')))
  const written = (bases: string): string[] => [...bases.toUpperCase().replaceAll('U', 'T')]
  expect(rows.map(({ contig, position, base }) => `${contig} ${position} ${base}`)).toEqual([
    ...written(one).map((base, i) => `one ${i} ${base}`),
    ...written(two).map((base, i) => `two ${i} ${base}`),
  ])
  const whole = { layer: 0, strand: 'both' } as const
  const bases = await expected({ ...whole, pool: 'none' })
  expect(relativeError(flat(rows), bases.flat())).toBeLessThan(2e-6)
  expect((await run('--pool', 'max', '-o', 'max.arrow')).code).toBe(0)
  const most = rowsOf(readFileSync(join(path, 'max.arrow')))
  expect(relativeError(flat(most), (await expected({ ...whole, pool: 'max' })).flat())).toBeLessThan(2e-6)
})

it('SIGKILL, then --resume: the same bytes as an undisturbed run', { timeout: 120_000 }, async () => {
  const { path, names } = folder({ 'long.fa': `>long\n${randomSequence(200_000, 3)}\n` })
  const run = (output: string, more: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runProgram(['embed', 'long.fa', '--pool', 'none', '--chunk', '20k', ...words, '-o', output, ...more], {
      cwd: path,
      env,
    })
  expect((await run('whole.arrow', [])).code).toBe(0)
  expect((await run('out.arrow', [], killAfterWrites(1, 'SIGKILL'))).signal).toBe('SIGKILL')
  const second = await run('out.arrow', ['--resume'])
  expect(second.stderr).toMatch(/continuing after row/)
  expect(readFileSync(join(path, 'out.arrow')).equals(readFileSync(join(path, 'whole.arrow')))).toBe(true)
  expect(names()).toEqual(['long.fa', 'out.arrow', 'whole.arrow'])
})

it('options that cannot be', async () => {
  const { path, names } = folder({ 'a.fa': fasta })
  const bad: readonly [readonly string[], RegExp][] = [
    [['--layer', '99'], /layers/],
    [['--layer', 'x'], /--layer: bad value: expected -1, 0 or the number of a layer, got x/],
    [['--pool', 'median'], /--pool: bad value: expected one of mean, max, first, last, none, got median/],
    [['--tracks', 'p_a'], /unknown option --tracks/],
    [['--format', 'bigwig'], /--format: bad value/],
  ]
  for (const [more, pattern] of bad) {
    const { code, lines } = await runProgram(['embed', 'a.fa', ...words, '-o', 'out.arrow', ...more], { cwd: path })
    expect([code, lines.length, lines[0]], more.join(' ')).toEqual([2, 1, expect.stringMatching(pattern)])
  }
  expect(names()).toEqual(['a.fa'])
})
