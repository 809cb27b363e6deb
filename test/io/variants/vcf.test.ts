import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { blobSource } from '../../../src/io/bytes/byte-source.ts'
import { memorySink } from '../../../src/io/bytes/sink.ts'
import { bgzfSink } from '../../../src/io/variants/bgzf-sink.ts'
import { lines } from '../../../src/io/variants/lines.ts'
import { type ReadVcfOptions, readVcf, type VcfRecord } from '../../../src/io/variants/vcf-reader.ts'
import { headerBytes, infoText, recordBytes } from '../../../src/io/variants/vcf-writer.ts'

const header = '##fileformat=VCFv4.2\n##INFO=<ID=AC,Number=A,Type=Integer,Description="a \\"b\\", c">\n'
const columns = '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO'
const sourceOf = (content: string | Uint8Array) => blobSource(new File([content as never], 'in.vcf'))

async function readAll(content: string | Uint8Array, options: ReadVcfOptions = {}) {
  const vcf = await readVcf(sourceOf(content), options)
  const records: VcfRecord[] = []
  for await (const record of vcf.records) {
    for await (const _ of record.tail ?? []);
    records.push(record)
  }
  return { header: vcf.header, records }
}

/** Through reader and writer, with an entry added where there is one. */
async function through(
  content: string | Uint8Array,
  entry: (record: VcfRecord) => string | undefined = () => undefined,
  replaced: readonly string[] = [],
  options: ReadVcfOptions = {},
): Promise<string> {
  const vcf = await readVcf(sourceOf(content), options)
  const parts: Uint8Array[] = [...headerBytes(vcf.header, ['##added'], replaced)]
  for await (const record of vcf.records) {
    const text = entry(record)
    parts.push(...recordBytes(record, text === undefined ? [] : [text], replaced))
    for await (const piece of record.tail ?? []) parts.push(piece)
  }
  return Buffer.concat(parts).toString()
}

describe('what passes through', () => {
  const rows = [
    '1\t5\t.\tA\tG\t29.50\tq10;s50\tAF=1e-10;DB;X=a%3Bb',
    'chr2\t100\trs1;v\tAC\tA,<DEL>,*\t.\t.\t.\tGT:DP\t0/1:3\t./.',
    '3\t7\t\tN\t.\t\t\tDP=3;',
  ]
  it.each([
    ['LF', '\n', '\n'],
    ['CRLF', '\r\n', '\r\n'],
    ['no last line end', '\n', ''],
    ['blank lines', '\n\n', '\n'],
  ])('every byte: %s', async (_, between, last) => {
    const head = (header + columns).replaceAll('\n', between === '\r\n' ? '\r\n' : '\n')
    const end = between === '\r\n' ? '\r\n' : '\n'
    const content = head + end + rows.join(between) + last
    expect(await through(content)).toBe(content.replace('#CHROM', `##added${end}#CHROM`))
    expect(await through(gzipSync(content))).toBe(content.replace('#CHROM', `##added${end}#CHROM`))
  })
  it('an entry goes to the end of INFO, or in the place of a dot', async () => {
    const content = `${header}${columns}\r\n${rows.join('\r\n')}\r\n`
    const got = await through(content, () => 'NEW=1|2')
    expect(got.split('\r\n').slice(2, 5)).toEqual([
      '1\t5\t.\tA\tG\t29.50\tq10;s50\tAF=1e-10;DB;X=a%3Bb;NEW=1|2',
      'chr2\t100\trs1;v\tAC\tA,<DEL>,*\t.\t.\tNEW=1|2\tGT:DP\t0/1:3\t./.',
      '3\t7\t\tN\t.\t\t\tDP=3;NEW=1|2',
    ])
  })
  it('entries and header lines of the same name are replaced', async () => {
    const content = `##fileformat=VCFv4.2\n##INFO=<ID=OLD,Number=1,Type=String,Description="x">\n${columns}\n1\t1\t.\tA\tC\t.\t.\tOLD=3\n1\t2\t.\tA\tC\t.\t.\tA=1;OLD=3;B\n`
    expect(await through(content, () => undefined, ['OLD'])).toBe(
      `##fileformat=VCFv4.2\n##added\n${columns}\n1\t1\t.\tA\tC\t.\t.\t.\n1\t2\t.\tA\tC\t.\t.\tA=1;B\n`,
    )
  })
  it('lines of megabytes, of which only the start is held', async () => {
    const long = `1\t5\t.\tA\tG\t.\t.\tDB\tGT${'\t0/1'.repeat(1_500_000)}\n`
    const content = `${header}${columns}\n${rows[0]}\n${long}${rows[1]}\n`
    const { records } = await readAll(content)
    expect(records.map(({ line, tail }) => [line, tail !== undefined])).toEqual([
      [4, false],
      [5, true],
      [6, false],
    ])
    expect(records[1].bytes.length).toBeLessThan(2 ** 22)
    expect(records[1].endsGroup).toBe(true)
    const got = await through(content, () => 'NEW=1')
    expect(got).toContain(`\tDB;NEW=1\tGT${'\t0/1'.repeat(1_500_000)}\n`)
    expect(got.length).toBe(content.length + '##added\n'.length + 3 * ';NEW=1'.length - '.;'.length)
  })
  it('property: any pieces, the same lines', async () => {
    const text = fc.array(fc.constantFrom('a', '\t', '\n', '\r\n', 'xyz\t1'), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(9), { maxLength: 20 }), async (parts, cuts) => {
        const bytes = new TextEncoder().encode(parts.join(''))
        const pieces = async function* (): AsyncGenerator<Uint8Array> {
          let at = 0
          for (const cut of cuts) {
            yield bytes.subarray(at, at + cut)
            at = Math.min(bytes.length, at + cut)
          }
          yield bytes.subarray(at)
        }
        const found: string[] = []
        for await (const line of lines(pieces())) found.push(new TextDecoder().decode(line.bytes))
        expect(found).toEqual(parts.join('').match(/[^\n]*\n|[^\n]+$/g) ?? [])
      }),
    )
  })
})

describe('what is read', () => {
  it('0-based positions, alleles, INFO fields of the header', async () => {
    const { header: head, records } = await readAll(`${header}${columns}\n1\t5\t.\tAC\tG,<DEL>\t.\t.\tDB\n`)
    expect([...head.infoIds]).toEqual(['AC'])
    const { contig, position, ref, alts, line } = records[0]
    expect({ contig, position, ref, alts, line }).toEqual({
      contig: '1',
      position: 4,
      ref: 'AC',
      alts: ['G', '<DEL>'],
      line: 4,
    })
  })
  const record = (fields: string): string => `${header}${columns}\n${fields.replaceAll(' ', '\t')}\n`
  it.each([
    ['', 'in.vcf: the file is empty: expected a VCF'],
    ['hello\n', 'in.vcf line 1: not a VCF: expected ##fileformat=VCFv4, got hello'],
    [
      'BCF\x02\x02\x01',
      'in.vcf line 1: not a VCF: expected ##fileformat=VCFv4, got a BCF file; convert it with bcftools view',
    ],
    ['\x00\x01\x02', 'in.vcf line 1: not a VCF: expected ##fileformat=VCFv4, got binary data'],
    [header, 'in.vcf line 3: not a VCF: expected a #CHROM line before the records, got the end of the file'],
    [`${header}1\t2\n`, 'in.vcf line 3: not a VCF: expected a #CHROM line before the records, got a line without #'],
    [record('1 5 . A G .'), 'in.vcf line 4: malformed record: expected at least 8 columns, separated by tabs, got 6'],
    [record('1 x . A G . . .'), 'in.vcf line 4: malformed record: expected a whole number as POS, got x'],
    [record('1 5 .  G . . .'), 'in.vcf line 4: malformed record: expected bases as REF, got nothing'],
    [record('1 5 . A G,,T . . .'), 'in.vcf line 4: malformed record: expected alleles as ALT, got G,,T'],
  ])('error %#', async (content, message) => {
    await expect(readAll(content)).rejects.toThrow(message)
  })
  it('malformed records can be kept', async () => {
    const content = record('1 x . A G . . .')
    const { records } = await readAll(content, { onBadRecord: 'keep' })
    expect(records[0].problem?.message).toContain('line 4')
    expect(await through(content, () => undefined, [], { onBadRecord: 'keep' })).toBe(
      content.replace('#CHROM', '##added\n#CHROM'),
    )
  })
})

describe('BGZF', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genoconv-bgzf-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const pack = async (content: Uint8Array, pieceBytes: number): Promise<Uint8Array> => {
    const sink = memorySink()
    const bgzf = bgzfSink(sink)
    for (let at = 0; at < content.length; at += pieceBytes) await bgzf.write([content.subarray(at, at + pieceBytes)])
    await bgzf.finish()
    return sink.bytes()
  }
  it.each([0, 1, 65279, 65280, 65281, 700_001])('%i bytes come back', async (count) => {
    const content = Uint8Array.from({ length: count }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255)
    const packed = await pack(content, 7001)
    expect(Buffer.from(gunzipSync(packed)).equals(content)).toBe(true)
    expect(Buffer.from(packed.subarray(-28)).toString('hex')).toBe(
      '1f8b08040000000000ff0600424302001b0003000000000000000000',
    )
  })
  const hasTabix = spawnSync('tabix', ['--version']).status === 0
  it.skipIf(!hasTabix)(`tabix indexes it${hasTabix ? '' : ' (skipped: no tabix)'}`, async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `1\t${i * 10 + 1}\trs${i}\tA\tG\t.\t.\tX=${i}\n`)
    const path = join(folder, 'a.vcf.gz')
    const content = new TextEncoder().encode(
      `##fileformat=VCFv4.2\n##contig=<ID=1>\n##INFO=<ID=X,Number=1,Type=Integer,Description="x">\n${columns}\n${rows.join('')}`,
    )
    writeFileSync(path, await pack(content, 100_000))
    expect(spawnSync('tabix', ['-p', 'vcf', path]).status).toBe(0)
    expect(spawnSync('tabix', [path, '1:150001-150011'], { encoding: 'utf8' }).stdout).toBe(rows[15_000] + rows[15_001])
  })
})

it('text in an INFO value: what separates there is encoded', () => {
  expect(infoText('a;b=c,d|e f%\té')).toBe('a%3Bb%3Dc%2Cd%7Ce%20f%25%09é')
})
