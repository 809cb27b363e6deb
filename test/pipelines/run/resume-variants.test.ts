import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, expect, it } from 'vitest'
import type { Log } from '../../../pipelines/run/log.ts'
import { runVariants } from '../../../pipelines/run/run-variants.ts'
import type { VariantFormat, VariantsRequest } from '../../../pipelines/run/variants-request.ts'
import { goldenModel } from '../../support/run-program.ts'

// What a run that is killed leaves is the beginning of its output, cut anywhere, and the record beside it. Here the record is
// that of a run that was interrupted, and the output is cut wherever we like: the resumed run ends in the same bytes.

const folder = mkdtempSync(join(tmpdir(), 'genoconv-resume-variants-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const place = (name: string): string => join(folder, name)

const sequence = Array.from({ length: 3000 }, (_, i) => 'ACGT'[(i * i * 7 + (i >> 3) * 5 + i * 3) % 4]).join('')
writeFileSync(place('a.fa'), `>1\n${sequence}\n`)
writeFileSync(
  place('genes.txt'),
  '#NAME\tCHROM\tSTRAND\tTX_START\tTX_END\tEXON_START\tEXON_END\nP\t1\t+\t200\t2800\t200,\t2800,\nM\t1\t-\t900\t1500\t900,\t1500,\n',
)
const recordCount = 1100
const records = Array.from({ length: recordCount }, (_, i) => {
  const position = 100 + ((i * 37) % 2800)
  const ref = sequence[position]
  const alt = ref === 'A' ? 'C' : 'A'
  const note = `NOTE=${'x'.repeat((i * 7) % 400)}${i}`
  // One record in four is scored; what the others get, the file's rows, costs nothing.
  const alts = i % 4 === 0 ? `${alt},*,<DEL>,${i % 20 === 0 ? `${ref}${alt}` : '*'}` : '<INS>,*,<DEL>,*'
  return `1\t${position + 1}\tr${i}\t${ref}\t${alts}\t.\tPASS\t${note}\tGT\t0/1\n`
})
writeFileSync(
  place('in.vcf'),
  `##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n${records.join('')}`,
)

const request = (format: VariantFormat, output: string, resume: boolean): VariantsRequest => ({
  fasta: place('a.fa'),
  vcf: place('in.vcf'),
  genes: place('genes.txt'),
  models: [goldenModel('openspliceai-nano.safetensors')],
  regionTexts: [],
  bedFiles: [],
  everySnv: false,
  everyIndel: false,
  output: place(output),
  format,
  transcripts: 'canonical',
  distance: 20,
  mnv: 'scores',
  normalize: 'asis',
  raw: true,
  digits: 4,
  infoId: 'GENOCONV',
  replace: false,
  givesReasons: true,
  onBadRecord: 'error',
  device: 'cpu',
  precision: 'f32',
  memory: 2 ** 30,
  threads: 1,
  resume,
})

async function run(request: VariantsRequest, isInterrupted = false): Promise<string[]> {
  const lines: string[] = []
  const abort = new AbortController()
  const say = (text: string): void => void lines.push(text)
  const log: Log = {
    info: say,
    warn: say,
    error() {},
    progress() {},
    records: () => isInterrupted && abort.abort(new Error('interrupted')),
    done() {},
  }
  const outcome = runVariants(request, { log, signal: abort.signal })
  if (isInterrupted) await expect(outcome).rejects.toThrow('interrupted')
  else await outcome
  return lines
}

it.each(['vcf', 'vcf.gz', 'tsv', 'arrow'] as const)('%s: cut anywhere, resumed to the same bytes', async (format) => {
  await run(request(format, `whole.${format}`, false))
  const whole = readFileSync(place(`whole.${format}`))
  const output = `out.${format}`
  let resumed = 0
  for (const part of [0.1, 0.7, 1]) {
    await run(request(format, output, true), true)
    const length = part === 1 ? whole.length - 1 : Math.floor(part * whole.length)
    writeFileSync(place(`${output}.partial`), whole.subarray(0, length))
    const lines = await run(request(format, output, true))
    if (lines.some((line) => line.startsWith('continuing after row'))) resumed++
    expect(readFileSync(place(output)).equals(whole), `${format} cut at ${length}`).toBe(true)
    rmSync(place(output))
  }
  // A tenth of the output is less than a record batch, or a block of BGZF.
  expect(resumed).toBe(format === 'arrow' || format === 'vcf.gz' ? 2 : 3)
})

it('another option is refused, and Parquet says that it cannot', async () => {
  await run(request('tsv', 'o.tsv', true), true)
  // How much an interrupted run has written depends on the machine: here it is half.
  const whole = readFileSync(place('whole.tsv'))
  writeFileSync(place('o.tsv.partial'), whole.subarray(0, whole.length / 2))
  await expect(run({ ...request('tsv', 'o.tsv', true), distance: 21 })).rejects.toThrow(/`?distance`? changed since/)
  await expect(run(request('parquet', 'o.parquet', true))).rejects.toThrow(/parquet.*vcf, vcf.gz, tsv or arrow/)
})

it('Arrow and Parquet say what the table says, with the scores of the VCF', async () => {
  await run(request('parquet', 'whole.parquet', false))
  const arrow = tableFromIPC(readFileSync(place('whole.arrow')))
  const file = readFileSync(place('whole.parquet'))
  const parquet = await parquetReadObjects({ file: file.buffer.slice(file.byteOffset, file.byteOffset + file.length) })
  const [head, ...rows] = readFileSync(place('whole.tsv'), 'utf8').trimEnd().split('\n')
  const names = head.split('\t')
  expect(names).toEqual(arrow.schema.fields.map(({ name }) => name))
  expect(arrow.numRows).toBe(rows.length)
  expect(parquet.length).toBe(rows.length)
  const columns = names.map((name) => [...arrow.getChild(name)!])
  for (const [i, row] of rows.entries()) {
    const shown = row.split('\t').map((text) => (text === 'NA' ? null : text))
    const values = columns.map((column) => column[i])
    expect(names.map((name) => parquet[i][name] ?? null)).toEqual(values)
    expect(values.map((value, c) => (typeof value === 'number' ? Math.fround(Number(shown[c])) : shown[c]))).toEqual(
      values,
    )
  }
  const scored = gunzipSync(readFileSync(place('whole.vcf.gz'))).toString()
  expect(scored).toBe(readFileSync(place('whole.vcf'), 'utf8'))
  const entries = scored
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => /;GENOCONV=([^;\t]*)/.exec(line)?.[1].split(',') ?? [])
  const gains = columns[names.indexOf('acceptor_gain')].filter((value) => value !== null)
  expect(entries.map((entry) => Number(entry.split('|')[2]))).toEqual(gains.map((value) => expect.closeTo(value, 4)))
})
