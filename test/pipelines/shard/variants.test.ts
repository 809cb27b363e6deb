import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseVariantsArguments } from '../../../pipelines/cli/variants-arguments.ts'
import { variants } from '../../../pipelines/cli/variants-handler.ts'
import type { VariantShardManifest } from '../../../pipelines/shard/manifest.ts'
import { parseManifest, planHash } from '../../../pipelines/shard/manifest-file.ts'
import { mergeShards, planShards, runShard } from '../../../pipelines/shards.ts'
import { FormatError } from '../../../src/errors.ts'
import { bgzfSink } from '../../../src/io/variants/bgzf-sink.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, runProgram } from '../../support/run-program.ts'
import { manifestOf, quiet, type Words } from '../../support/shards.ts'

// The law of shards: plan, run in any order, merge = variants, byte for byte.
const folder = folders()
const splice = goldenModel('openspliceai-nano.safetensors')
const language = goldenModel('hyena-nano')
const sequence = randomSequence(4000, 5)
  .toUpperCase()
  .replaceAll(/[^ACGT]/g, 'A')
const fasta = `>1\n${sequence}\n>2\n${sequence.slice(0, 900)}\n`
const genes =
  '#NAME\tCHROM\tSTRAND\tTX_START\tTX_END\tEXON_START\tEXON_END\nPLUS\tchr1\t+\t200\t3800\t200,900,\t600,3800,\nMINUS\tchr1\t-\t900\t1900\t900,\t1900,\n'

/** Records of all kinds, good and bad; enough of them for many groups, some of which lie in no gene. */
function vcfText(count: number): string {
  let text = '##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n'
  for (let i = 0; i < count; i++) {
    const pos = 100 + ((i * 7) % 3700)
    const ref = sequence[pos - 1]
    const other = ref === 'A' ? 'C' : 'A'
    const alt = [other, `${ref}GT`, `${other},*`, `${other},<DEL>`][i % 4]
    if (i % 97 === 96) text += `1\tx\t.\tA\tC\t.\t.\tDB\tGT\t0/1\n`
    else if (i % 89 === 88) text += '\r\n'
    else
      text += `${i % 50 === 49 ? '3' : '1'}\t${pos}\t.\t${i % 31 === 30 ? other : ref}\t${alt}\t29.50\tPASS\tDB;N=${i};PAD=${'x'.repeat(200)}\tGT\t0/1\n`
  }
  return text
}

const common: Words = { device: 'cpu', threads: '2', memory: '2G', reasons: true }
const asked = (path: string, words: Words): Words => ({
  ...common,
  model: splice,
  genes: join(path, 'genes.txt'),
  'on-bad-record': 'keep',
  ...words,
  fasta: join(path, 'a.fa'),
})

interface Told {
  records: number
  scores: number
  skipped: Record<string, number>
  strongest: object[]
}

/** What one run writes, and what it says of it. */
async function inOneRun(path: string, words: Words, name: string): Promise<{ bytes: Buffer; told: Told }> {
  let told: Told | undefined
  const log = { ...quiet, done: (_: string, summary: object) => (told = summary as Told) }
  const { signal } = new AbortController()
  await variants({ ...asked(path, words), output: join(path, name) }, { log, signal })
  return { bytes: readFileSync(join(path, name)), told: told! }
}

const planned = (path: string, words: Words, shards: number): Promise<VariantShardManifest> =>
  planShards({ ...parseVariantsArguments(asked(path, words)), output: manifestOf(path), shards })
const ran = (path: string, id: number) => runShard(manifestOf(path), id, { device: 'cpu', threads: 2 })

/** Plans, runs the last shard first, merges; the same bytes and the same summary as one run. */
async function expectSame(
  files: Record<string, string | Uint8Array>,
  words: Words,
  outputs: readonly string[],
  shards = 4,
) {
  const { path } = folder({ 'a.fa': fasta, 'genes.txt': genes, ...files })
  const vcf = words['vcf']
  const here = { ...words, ...(vcf === undefined ? {} : { vcf: join(path, String(vcf)) }) }
  const manifest = await planned(path, { ...here, format: outputs[0].replace(/^[^.]*\./, '') }, shards)
  expect(manifest.shards.length).toBe(shards)
  expect(manifest.shards.filter(({ rows }) => rows > 0).length).toBeGreaterThan(1)
  for (let id = shards - 1; id >= 0; id--) expect((await ran(path, id)).wasThere).toBe(false)
  for (const output of outputs) {
    const { bytes, told } = await inOneRun(path, here, `one.${output}`)
    const { counts } = await mergeShards(manifestOf(path), { output: join(path, output) })
    expect(readFileSync(join(path, output)).equals(bytes), output).toBe(true)
    const { records, scores, reasons, strongest } = counts!
    expect({ records, scores, skipped: Object.fromEntries(reasons), strongest }).toEqual({
      records: told.records,
      scores: told.scores,
      skipped: told.skipped,
      strongest: told.strongest,
    })
    expect(told.strongest.length).toBeGreaterThan(0)
  }
  return { path, manifest }
}

/** As BGZF, in blocks of its own. */
async function bgzf(text: string): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const sink = bgzfSink({
    write: async (chunks) => void pieces.push(...chunks.map((chunk) => chunk.slice())),
    finish: async () => {},
    abort: async () => {},
  })
  await sink.write([Buffer.from(text)])
  await sink.finish()
  return Buffer.concat(pieces)
}

describe('shards of variants', () => {
  const text = vcfText(900)
  it('of a plain VCF: the VCF of one run, packed too', async () => {
    const { manifest } = await expectSame({ 'in.vcf': text }, { vcf: 'in.vcf' }, ['out.vcf', 'out.vcf.gz'], 8)
    expect(manifest.shards.at(-1)!.end).toBe(Buffer.byteLength(text))
    expect(manifest.shards.every(({ block }) => block === undefined)).toBe(true)
  })
  it('of a BGZF, read from its blocks on; the table of one run', async () => {
    const packed = await bgzf(text)
    const words = { vcf: 'in.vcf.gz', raw: true }
    const { manifest } = await expectSame({ 'in.vcf.gz': packed }, words, ['out.arrow', 'out.parquet', 'out.tsv'])
    expect(new Set(manifest.shards.map(({ block }) => block?.compressedOffset)).size).toBeGreaterThan(1)
  })
  it('of a plain gzip, which is read from its start; no end of line at the end', async () => {
    await expectSame({ 'in.vcf.gz': gzipSync(text.trimEnd()) }, { vcf: 'in.vcf.gz', reasons: false }, ['out.vcf'], 3)
  })
  it('of every change of regions', async () => {
    const { manifest } = await expectSame(
      {},
      { 'every-snv': true, region: ['1:300-400', '1:950-1100'] },
      ['out.arrow'],
      3,
    )
    expect(manifest.shards.map(({ start, end }) => [start, end])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
  })
  it('with a language model; more shards than groups', async () => {
    await expectSame(
      { 'in.vcf': vcfText(300) },
      { vcf: 'in.vcf', model: language, context: '30', genes: undefined },
      ['out.vcf'],
      8,
    )
  })
  it('a VCF without records', async () => {
    const { path } = folder({ 'a.fa': fasta, 'genes.txt': genes, 'in.vcf': vcfText(0) })
    const words = { vcf: join(path, 'in.vcf') }
    await planned(path, words, 2)
    for (const id of [0, 1]) await ran(path, id)
    const { bytes } = await inOneRun(path, words, 'one.vcf')
    await mergeShards(manifestOf(path), { output: join(path, 'out.vcf') })
    expect(readFileSync(join(path, 'out.vcf')).equals(bytes)).toBe(true)
  })

  it('the program: plan, run, merge, and what it refuses', async () => {
    const { path } = folder({ 'a.fa': fasta, 'genes.txt': genes, 'in.vcf': vcfText(400) })
    const run = (...words: string[]) => runProgram(['shard', ...words], { cwd: path })
    const machine = ['--device', 'cpu', '--threads', '1', '--memory', '2G']
    const scored = ['--genes', 'genes.txt', '-m', splice, '--on-bad-record', 'keep', ...machine]
    const plan = await run(
      'plan',
      'a.fa',
      '--variants',
      'in.vcf',
      ...scored,
      '--shards',
      '2',
      '-o',
      'run/manifest.json',
    )
    expect(plan.lines.at(-1)).toMatch(
      /^genoconv: 400 records in 2 shards, the largest \d\d\.\d% of the work; .* variants --memory 2G/,
    )
    const misplaced = await run('plan', 'a.fa', ...scored, '--shards', '2', '-o', 'run/other.json')
    expect([misplaced.code, misplaced.lines[0]]).toEqual([
      2,
      expect.stringContaining('--genes: is no option of predict'),
    ])
    expect((await run('run', 'run/manifest.json', '0', '--device', 'cpu')).code).toBe(0)
    const early = await run('merge', 'run/manifest.json', '-o', 'out.vcf.gz')
    expect([early.code, early.lines]).toEqual([1, [expect.stringContaining('shards/1.vcf missing')]])
    expect((await run('run', 'run/manifest.json', '1', '--device', 'cpu')).code).toBe(0)
    const wrong = await run('merge', 'run/manifest.json', '-o', 'out.arrow')
    expect([wrong.code, wrong.lines]).toEqual([
      2,
      [expect.stringContaining('the shards hold a VCF: expected vcf, vcf.gz')],
    ])
    const merge = await run('merge', 'run/manifest.json', '-o', 'out.vcf.gz')
    expect(merge.lines.at(-1)).toMatch(/^genoconv: 396 records of 2 shards in .*; wrote out\.vcf\.gz$/)
    const one = await runProgram(['variants', 'a.fa', 'in.vcf', ...scored, '-o', 'one.vcf.gz'], { cwd: path })
    const said = ({ lines }: { lines: readonly string[] }): string[] =>
      lines.filter((line) => /: (acceptor|donor) (gain|loss) |alleles without/.test(line))
    expect(said(merge)).toEqual(said(one))
    expect(said(one).length).toBeGreaterThan(1)
    expect(readFileSync(join(path, 'out.vcf.gz')).equals(readFileSync(join(path, 'one.vcf.gz')))).toBe(true)
    const tabix = spawnSync('tabix', ['-p', 'vcf', '-f', 'out.vcf.gz'], { cwd: path })
    if (tabix.error) console.log('tabix is not installed: not run')

    writeFileSync(join(path, 'in.vcf'), vcfText(400).replace('N=390', 'N=391'))
    rmSync(join(path, 'run/shards/1.vcf'))
    const changed = await run('run', 'run/manifest.json', '1', '--device', 'cpu')
    expect([changed.code, changed.lines]).toEqual([
      1,
      [expect.stringMatching(/in\.vcf: the VCF was changed after the shards were planned/)],
    ])
  })

  it('a manifest that was changed with its hash is refused by the field', async () => {
    const { path } = folder({ 'a.fa': fasta, 'genes.txt': genes, 'in.vcf': vcfText(400) })
    const manifest = await planned(path, { vcf: join(path, 'in.vcf') }, 2)
    type Changes = Record<string, unknown>
    const text = (changes: Changes): string => {
      const changed = { ...manifest, ...changes } as VariantShardManifest
      return JSON.stringify({ ...changed, planSha256: planHash(changed) })
    }
    const shard = (id: number, changes: Changes): Changes => ({
      shards: manifest.shards.map((one, i) => (i === id ? { ...one, ...changes } : one)),
    })
    const options = (changes: Changes): Changes => ({ options: { ...manifest.options, ...changes } })
    const [first, second] = manifest.shards
    const bad: readonly [Changes, RegExp][] = [
      [shard(1, { path: '../../x' }), /shards\[1\]\.path: unknown field/],
      [shard(1, { id: 0 }), /shards\[1\]\.id: .*expected 1, got 0/],
      [shard(1, { start: second.start + 1 }), /shards\[1\]\.start: .*where the one before ends/],
      [shard(1, { line: 1 }), /shards\[1\]\.line: .*after the records before/],
      [shard(0, { rows: first.end }), /shards\[0\]\.end: .*at least a byte for each/],
      [shard(0, { block: { compressedOffset: 0, dataOffset: 1e9 } }), /block\.dataOffset: .*at most/],
      [options({ infoId: 'A=1;B' }), /options\.infoId: .*letters, digits/],
      [options({ everySnv: true }), /options\.everySnv: .*false with a VCF/],
      [options({ memory: 0 }), /options\.memory/],
      [{ holds: '../x' }, /holds: .*one of "vcf", "table", got \.\.\/x/],
      [{ regions: [{ contig: '1', start: 0, end: 5 }] }, /regions: .*none with a VCF, got 1/],
      [{ files: manifest.files.filter(({ role }) => role !== 'fasta') }, /files: .*a FASTA/],
      [{ work: 'view' }, /unknown field/],
    ]
    for (const [changes, pattern] of bad) {
      const read = (): unknown => parseManifest('m.json', text(changes))
      expect(read, String(pattern)).toThrow(pattern)
      expect(read).toThrow(FormatError)
    }
    // What holds together and is not what was planned is found when it is run.
    writeFileSync(manifestOf(path), text(shard(1, { rows: second.rows - 1 })))
    await expect(ran(path, 1)).rejects.toThrow(/in\.vcf: not the planned records: expected \d+, got more/)
    expect(() => parseManifest('m.json', JSON.stringify({ ...manifest, holds: 'table' }))).toThrow(/was changed after/)
  })
})

it('the output may not be an input of the manifest', async () => {
  const { path } = folder({ 'a.fa': fasta, 'genes.txt': genes, 'in.vcf': vcfText(50) })
  const words = { vcf: join(path, 'in.vcf') }
  const before = readFileSync(join(path, 'in.vcf'))
  for (const name of ['in.vcf', 'genes.txt', 'a.fa'])
    await expect(
      planShards({ ...parseVariantsArguments(asked(path, words)), output: join(path, name), shards: 1 }),
    ).rejects.toThrow(/is an input|input/)
  await planned(path, words, 1)
  await ran(path, 0)
  await expect(mergeShards(manifestOf(path), { output: join(path, 'in.vcf') })).rejects.toThrow(/input/)
  expect(readFileSync(join(path, 'in.vcf')).equals(before)).toBe(true)
})
