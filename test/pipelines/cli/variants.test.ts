import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, runProgram, sample } from '../../support/run-program.ts'

const folder = folders()
const model = goldenModel('openspliceai-nano.safetensors')
const sequence = randomSequence(2000, 5)
  .toUpperCase()
  .replaceAll(/[^ACGT]/g, 'A')
const fasta = `>1\n${sequence}\n>2\n${sequence.slice(0, 500)}\n`
const genes =
  '#NAME\tCHROM\tSTRAND\tTX_START\tTX_END\tEXON_START\tEXON_END\nPLUS\tchr1\t+\t200\t1800\t200,900,\t600,1800,\nMINUS\tchr1\t-\t900\t1200\t900,\t1200,\n'
const header =
  '##fileformat=VCFv4.2\n##contig=<ID=1>\n##contig=<ID=3>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\n'
const base = (pos: number): string => sequence[pos - 1]
const other = (pos: number): string => (base(pos) === 'A' ? 'C' : 'A')
const row = (contig: string, pos: number, ref: string, alt: string, info = '.'): string =>
  `${contig}\t${pos}\t.\t${ref}\t${alt}\t29.50\tPASS\t${info}\tGT\t0/1\n`
const rows = [
  row('1', 700, base(700), other(700), 'DB;AF=1e-10'),
  row('1', 1000, base(1000), `${other(1000)},${base(1000)}GT,*,<DEL>`),
  row('1', 50, base(50), other(50)),
  row('1', 1900, base(1900), other(1900)),
  row('1', 800, other(800), base(800)),
  row('3', 5, 'A', 'C'),
  row('1', 820, base(820), '.'),
  row('1', 830, sequence.slice(829, 829 + 101), base(830)),
]
const vcf = header + rows.join('')
const files = { 'a.fa': fasta, 'genes.txt': genes, 'in.vcf': vcf }
const words = ['variants', 'a.fa', 'in.vcf', '--genes', 'genes.txt', '-m', model, '--device', 'cpu']
/** The value of an INFO entry in each record. */
const entries = (text: string, id: string): (string | undefined)[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => new RegExp(`(?:^|[;\t])${id}=([^;\t]*)`).exec(line)?.[1])

describe('genoconv variants', () => {
  it('scores, reasons, and every other byte as it was', async () => {
    const { path, names } = folder(files)
    const { code, lines } = await runProgram([...words, '-o', 'out.vcf'], { cwd: path })
    expect({ code, lines }).toEqual({ code: 0, lines })
    expect(names()).toEqual(['a.fa', 'genes.txt', 'in.vcf', 'out.vcf'])
    const text = readFileSync(join(path, 'out.vcf'), 'utf8')
    const scores = entries(text, 'GENOCONV')
    expect(scores[0]).toMatch(/^[ACGT]\|PLUS(\|[01]\.\d\d){4}(\|-?\d+){4}$/)
    expect(scores[1]?.split(',').map((entry) => entry.split('|').slice(0, 2).join('|'))).toEqual([
      `${other(1000)}|PLUS`,
      `${other(1000)}|MINUS`,
      `${base(1000)}GT|PLUS`,
      `${base(1000)}GT|MINUS`,
    ])
    expect(scores.slice(2)).toEqual(Array(6).fill(undefined))
    expect(entries(text, 'GENOCONV_SKIPPED')).toEqual([
      undefined,
      '*|star,<DEL>|symbolic',
      `${other(50)}|no-gene`,
      `${other(1900)}|no-gene`,
      `${base(800)}|ref-mismatch`,
      'C|no-contig',
      '.|no-change',
      `${base(830)}|too-long`,
    ])
    const ours = /;?GENOCONV(_SKIPPED)?=[^;\t]*/g
    const undone = text
      .split('\n')
      .filter((line) => !/^##(INFO=<ID=GENOCONV|genoconv=)/.test(line))
      .join('\n')
    expect(undone.replaceAll(ours, '').replaceAll('PASS\t\t', 'PASS\t.\t')).toBe(vcf)
    expect(lines.join('\n')).toContain('alleles without a score: 1 star, 1 symbolic, 2 no-gene')
    expect(lines.join('\n')).toContain('says chr1 where')
    expect(lines.at(-2)).toMatch(
      /^genoconv: to look at the strongest: genoconv predict a\.fa --model \S+ --region 1:1-2000 --output a\.strongest\.arrow && genoconv view a\.strongest\.arrow --fasta a\.fa --genes genes\.txt --variants out\.vcf$/,
    )
    expect(lines.at(-1)).toMatch(/^genoconv: 8 records, 5 scores in .*; wrote out\.vcf$/)
  })
  it('the same in gzip, BGZF and through standard streams', async () => {
    const { path } = folder({ ...files, 'in.vcf.gz': gzipSync(vcf) })
    await runProgram([...words, '-o', 'out.vcf'], { cwd: path })
    const plain = readFileSync(join(path, 'out.vcf'), 'utf8')
    const packed = await runProgram(['variants', 'a.fa', 'in.vcf.gz', ...words.slice(3)], { cwd: path })
    expect(packed.code).toBe(0)
    const name = 'in.openspliceai-nano.vcf.gz'
    expect(gunzipSync(readFileSync(join(path, name))).toString()).toBe(plain)
    const piped = await runProgram(['variants', 'a.fa', '-', ...words.slice(3)], { cwd: path, input: vcf })
    expect(piped.stdout.toString()).toBe(plain)
    const hasBcftools = spawnSync('bcftools', ['--version']).status === 0
    if (!hasBcftools) console.log('bcftools is not here: what it reads was not compared')
    else {
      const view = spawnSync('bcftools', ['view', '-H', join(path, name)], { encoding: 'utf8' })
      expect(view.status).toBe(0)
      expect(entries(view.stdout, 'GENOCONV')).toEqual(entries(plain, 'GENOCONV'))
    }
  })
  it('as a table, unrounded; without genes both strands', async () => {
    const { path } = folder(files)
    const table = await runProgram([...words, '-o', '-', '--format', 'tsv'], { cwd: path })
    const [head, first] = table.stdout.toString().split('\n')
    expect(head).toMatch(/^contig\tposition\tref\talt\tgene\ttranscript\tstrand\tacceptor_gain\t/)
    expect(first.split('\t').slice(0, 7)).toEqual(['1', '699', base(700), other(700), 'PLUS', 'NA', '+'])
    const geneless = await runProgram(
      ['variants', 'a.fa', 'in.vcf', '--genes', 'none', '-m', model, '--device', 'cpu', '-o', '-'],
      { cwd: path },
    )
    const scores = entries(geneless.stdout.toString(), 'GENOCONV')
    expect(scores[0]?.split(',').map((entry) => entry.replaceAll(/\|-?\d[^+-]*(?=\|[+-]$)/g, ''))).toHaveLength(2)
    expect(scores[0]).toMatch(/^[ACGT]\|\.\|.*\|\+,[ACGT]\|\.\|.*\|-$/)
  })
  it('--mnv dots, --no-reasons, --precision-digits, --info-id, --replace', async () => {
    const mnv = header + row('1', 700, sequence.slice(699, 701), `${other(700)}${other(701)}`) + rows[2]
    const { path } = folder({ ...files, 'in.vcf': mnv })
    const more = ['--mnv', 'dots', '--no-reasons', '--info-id', 'SpliceAI', '-o']
    await runProgram([...words, ...more, 'dots.vcf'], { cwd: path })
    const dots = readFileSync(join(path, 'dots.vcf'), 'utf8')
    expect(entries(dots, 'SpliceAI')).toEqual([`${other(700)}${other(701)}|PLUS|.|.|.|.|.|.|.|.`, undefined])
    expect(dots).not.toContain('SKIPPED')
    const again = ['variants', 'a.fa', 'dots.vcf', ...words.slice(3), '--info-id', 'SpliceAI', '-o', 'b.vcf']
    const refused = await runProgram(again, { cwd: path })
    expect(refused.code).toBe(2)
    expect(refused.lines).toEqual([
      'genoconv: dots.vcf: the VCF has an INFO field SpliceAI already: expected another name, got SpliceAI; give another --info-id, or --replace to put new values in its place',
    ])
    const replaced = await runProgram([...again, '--replace', '--precision-digits', '4'], { cwd: path })
    expect(replaced.code).toBe(0)
    const text = readFileSync(join(path, 'b.vcf'), 'utf8')
    expect(entries(text, 'SpliceAI')[0]).toMatch(/^[ACGT]{2}\|PLUS(\|[01]\.\d{4}){4}/)
    expect(text.match(/##INFO=<ID=SpliceAI,/g)).toHaveLength(1)
  })
})

it('the sample of the README: published splicing mutations of ADA are found, with the shipped model', async () => {
  const { path } = folder()
  const given = [sample('ADA.fa.gz'), sample('ADA.vcf'), '--genes', sample('ADA.bed'), '--device', 'cpu']
  const { code, lines } = await runProgram(['variants', ...given, '-o', 'scored.vcf'], { cwd: path })
  expect(code).toBe(0)
  const found = lines.filter((line) => /(donor|acceptor) (gain|loss)/.test(line))
  expect(found.map((line) => line.replace('genoconv: 20:43240001-43290000:', ''))).toEqual([
    '9658 C>T ADA: donor loss 1.00 at +1',
    '14204 A>T ADA: donor loss 0.82 at +6',
    '9076 C>T ADA: acceptor gain 0.63 at -2',
    '24867 C>T ADA: donor loss 0.53 at +1',
  ])
})

describe('errors of genoconv variants', () => {
  const fails = async (
    more: Readonly<Record<string, string>>,
    given: readonly string[],
  ): Promise<{ code: number | null; lines: readonly string[]; names: string[] }> => {
    const { path, names } = folder({ ...files, ...more })
    const { code, lines } = await runProgram([...given, '-o', 'out.vcf'], { cwd: path })
    return { code, lines: lines.filter((line) => !/ on cpu \(/.test(line)), names: names() }
  }
  it.each([
    [{ 'in.vcf': 'x\n' }, words, 1, /^genoconv: in\.vcf line 1: not a VCF/],
    [
      { 'in.vcf': `${header}1\tx\t.\tA\tC\t.\t.\t.\n` },
      words,
      1,
      /^genoconv: in\.vcf line 5: malformed record: .* POS, got x$/,
    ],
    [
      { 'in.vcf': header + row('1', 2002, 'A', 'C') },
      words,
      1,
      /^genoconv: in\.vcf line 5: the position is outside contig 1: expected a POS of 1 to 2000, got 2002/,
    ],
    [
      { 'genes.txt': genes.replaceAll('chr1', 'chr9') },
      words,
      1,
      /^genoconv: genes\.txt: no gene on any contig of a\.fa: .*chr9/,
    ],
    [
      { 'genes.txt': genes.replace('1800\t200', '2001\t200') },
      words,
      1,
      /^genoconv: genes\.txt: PLUS ends beyond its contig/,
    ],
    [
      {},
      ['variants', 'a.fa', 'in.vcf', '-m', model],
      2,
      /^genoconv: --genes: not given: .*GENCODE.*Ensembl.*--genes none/,
    ],
    [{}, [...words, '-D', '0'], 2, /^genoconv: --distance: bad value/],
    [
      {},
      [...words, '--memory', '1M'],
      1,
      /^genoconv: --memory: too little for this model.* expected at least \d+M, got 1M/,
    ],
    [
      { 'genes.txt': 'a\x01\x1b[2Jb\n' },
      words,
      1,
      /^genoconv: genes\.txt line 1: unknown annotation format: .* got binary data$/,
    ],
    [{}, [...words, '--mask', '--mask-sites'], 2, /^genoconv: --mask: cannot be combined/],
    [
      {},
      [...words.slice(0, 5), '-m', goldenModel('hyena-nano'), '--device', 'cpu', '--mask'],
      2,
      /^genoconv: --mask: .*hyena-nano is a language model: it knows no splice sites$/,
    ],
  ])('%#', async (more, given, code, message) => {
    const outcome = await fails(more, given)
    expect(outcome.lines.at(-1)).toMatch(message)
    expect(outcome.code).toBe(code)
    expect(outcome.names).toEqual(['a.fa', 'genes.txt', 'in.vcf'])
  })
  it('the output is never an input', async () => {
    const { path } = folder(files)
    for (const input of ['in.vcf', './a.fa']) {
      const { code, lines } = await runProgram([...words, '--format', 'vcf', '-o', input], { cwd: path })
      expect({ code, line: lines[0] }).toEqual({ code: 2, line: expect.stringContaining('the output is an input') })
    }
    expect(readFileSync(join(path, 'in.vcf'), 'utf8')).toBe(vcf)
  })
  it('--on-bad-record keep: the line goes through, and is counted', async () => {
    const bad = `1\tx\t.\tA\tC\t.\t.\t.\n${row('1', 9000, 'A', 'C')}`
    const { path } = folder({ ...files, 'in.vcf': header + bad + rows[0] })
    const { code, lines } = await runProgram([...words, '--on-bad-record', 'keep', '-o', 'out.vcf'], { cwd: path })
    expect(code).toBe(0)
    const text = readFileSync(join(path, 'out.vcf'), 'utf8')
    expect(text).toContain(`\n1\tx\t.\tA\tC\t.\t.\t.\n`)
    expect(entries(text, 'GENOCONV_SKIPPED')).toEqual([undefined, 'C|bad-record', undefined])
    expect(lines.join('\n')).toContain('alleles without a score: 2 bad-record')
  })
})
