import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { tableFromIPC } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { bgzip } from '../../support/fasta-files.ts'
import { runProgramHere } from '../../support/run-here.ts'
import { folders, goldenModel, type Outcome, runProgram, sample } from '../../support/run-program.ts'

// Failures that every command must meet, one by one, on the program itself: most in this process, one of each kind as a process of
// its own. Model rows: model-failures.test.ts.
const folder = folders()
const common = ['--device', 'cpu', '--threads', '1', '--model', goldenModel('openspliceai-nano.safetensors')]
const predict = (cwd: string, words: readonly string[]) => runProgramHere(['predict', ...words, ...common], { cwd })
/** The same as a process of its own. */
const predictAlone = (cwd: string, words: readonly string[], input?: string) =>
  runProgram(['predict', ...words, ...common], { cwd, input })
const gene = `>gene\n${'ACGTTGCAGGTAAGT'.repeat(20)}\n`
const rowsOf = (path: string) => tableFromIPC(readFileSync(path)).numRows

function expectFailure(outcome: Outcome, code: number, ...patterns: RegExp[]): void {
  const { lines } = outcome
  expect({ code: outcome.code, text: lines }).toEqual({ code, text: lines })
  // A run that had begun has said what it runs on.
  const errors = lines.filter((line) => !/^genoconv: warning:|^genoconv: .* on cpu \(/.test(line))
  expect(errors.length).toBeLessThanOrEqual(2)
  expect(errors[0]).toMatch(/^genoconv: \S.*: \S/)
  expect(errors.join('\n')).not.toMatch(/internal error|\n\s+at /)
  for (const pattern of patterns) expect(errors.join(' ')).toMatch(pattern)
}

const blocks = bgzip(gene.repeat(1), 64)
const damaged = (change: (bytes: Buffer) => Buffer): Uint8Array => change(Buffer.from(blocks))

describe('input that cannot be read ends predict with one line, exit code 1 and no output', () => {
  const cases: readonly [string, Record<string, string | Uint8Array>, readonly string[], readonly RegExp[]][] = [
    ['a file that is missing', {}, ['missing.fa'], [/missing\.fa/]],
    ['a folder', {}, ['.'], [/folder/]],
    ['an empty file', { 'a.fa': '' }, ['a.fa'], [/a\.fa.*empty/]],
    ['no record', { 'a.fa': '\n\n' }, ['a.fa'], [/a\.fa/]],
    ['text before the first >', { 'a.fa': `hello\n${gene}` }, ['a.fa'], [/a\.fa.*>/]],
    ['binary junk', { 'a.fa': Uint8Array.from({ length: 5000 }, (_, i) => (i * 97) % 251) }, ['a.fa'], [/a\.fa/]],
    ['a letter that is no base', { 'a.fa': '>r1\nACGT\n>r2\nACGT\nAC!T\n' }, ['a.fa'], [/a\.fa/, /r2/, /!/]],
    [
      'BGZF cut inside a block',
      { 'a.fa.gz': damaged((b) => b.subarray(0, Math.floor(b.length / 2) + 3)) },
      ['a.fa.gz'],
      [/a\.fa\.gz.*\d/],
    ],
    [
      'a corrupt BGZF block',
      {
        'a.fa.gz': damaged((b) => {
          b.fill(0x55, 60, 80)
          return b
        }),
      },
      ['a.fa.gz'],
      [/a\.fa\.gz.*\d/],
    ],
    [
      'a BGZF block with a bad CRC',
      {
        'a.fa.gz': damaged((b) => {
          b.writeUInt32LE(1, b.readUInt16LE(16) + 1 - 8)
          return b
        }),
      },
      ['a.fa.gz'],
      [/a\.fa\.gz.*\d/, /CRC/i],
    ],
    ['duplicate names', { 'a.fa': '>x\nACGT\n>y\nA\n>x\nACG\n' }, ['a.fa'], [/a\.fa/, /x/, /1/, /5/]],
    ['a name that two files have', { 'a.fa': gene, 'b.fa': gene }, ['a.fa', 'b.fa'], [/a\.fa/, /b\.fa/, /gene/]],
    ['a region beyond the contig', { 'a.fa': gene }, ['a.fa', '--region', 'gene:200-301'], [/gene:200-301/, /300/]],
    ['a region of an unknown contig', { 'a.fa': gene }, ['a.fa', '--region', 'chr9:1-5'], [/chr9/, /gene/]],
    [
      'a region that ends before it starts',
      { 'a.fa': gene },
      ['a.fa', '--region', 'gene:20-10'],
      [/gene:20-10/, /300/],
    ],
    [
      'a BED line beyond the contig',
      { 'a.fa': gene, 'r.bed': 'gene\t0\t5\ngene\t10\t301\n' },
      ['a.fa', '--regions', 'r.bed'],
      [/r\.bed line 2/, /300/],
    ],
    [
      'a BED line of an unknown contig',
      { 'a.fa': gene, 'r.bed': 'chr9\t0\t5\n' },
      ['a.fa', '--regions', 'r.bed'],
      [/r\.bed line 1/, /chr9/],
    ],
    [
      'a BED line with start >= end',
      { 'a.fa': gene, 'r.bed': '#x\ngene\t5\t5\n' },
      ['a.fa', '--regions', 'r.bed'],
      [/r\.bed line 2/, /300/],
    ],
    [
      'a malformed BED line',
      { 'a.fa': gene, 'r.bed': 'gene\tfive\t9\n' },
      ['a.fa', '--regions', 'r.bed'],
      [/r\.bed line 1/, /five/],
    ],
    [
      'a BED file without regions',
      { 'a.fa': gene, 'r.bed': '# nothing\n' },
      ['a.fa', '--regions', 'r.bed'],
      [/r\.bed/],
    ],
    ['a missing BED file', { 'a.fa': gene }, ['a.fa', '--regions', 'r.bed'], [/r\.bed/]],
    ['regions of standard input', {}, ['-', '--region', 'gene:1-5'], [/file/]],
  ]
  it.each(cases)('%s', async (name, files, words, patterns) => {
    const { path, names } = folder(files)
    const before = names()
    const alone = ['a file that is missing', 'regions of standard input'].includes(name)
    const run = alone
      ? predictAlone(path, [...words, '-o', 'out.arrow'], gene)
      : predict(path, [...words, '-o', 'out.arrow'])
    expectFailure(await run, 1, ...patterns)
    expect(names()).toEqual(before)
  })

  it.skipIf(process.getuid?.() === 0)(
    `an unreadable file${process.getuid?.() === 0 ? ' (skipped: root reads everything)' : ''}`,
    async () => {
      const { path, names } = folder({ 'a.fa': gene })
      execFileSync('chmod', ['000', join(path, 'a.fa')])
      expectFailure(await predict(path, ['a.fa', '-o', 'out.arrow']), 1, /a\.fa.*permission/)
      expect(names()).toEqual(['a.fa'])
    },
  )
})

describe('input that is odd but readable', () => {
  async function expectRows(
    files: Record<string, string | Uint8Array>,
    words: readonly string[],
    rows: number,
    warning?: RegExp,
  ): Promise<void> {
    const { path } = folder(files)
    const outcome = await predict(path, [...words, '-o', 'out.arrow'])
    expect({ code: outcome.code, lines: outcome.lines }).toEqual({ code: 0, lines: outcome.lines })
    expect(rowsOf(join(path, 'out.arrow'))).toBe(rows)
    const warnings = outcome.lines.filter((line) => line.startsWith('genoconv: warning:'))
    if (warning) expect(warnings).toEqual([expect.stringMatching(warning)])
    else expect(warnings).toEqual([])
  }
  it('a missing BGZF end block is a warning', () =>
    expectRows({ 'a.fa.gz': bgzip(gene, 64, false) }, ['a.fa.gz'], 300, /a\.fa\.gz.*end/i))
  it('plain gzip, records and regions', async () => {
    await expectRows({ 'a.fa.gz': gzipSync(gene) }, ['a.fa.gz'], 300)
    await expectRows({ 'a.fa.gz': gzipSync(gene) }, ['a.fa.gz', '--region', 'gene:11-20'], 10, /a\.fa\.gz: plain gzip/)
  })
  it('a stale index is told and not used', async () => {
    const files = { 'a.fa': `>other\nGGGGGGGGGG\n${gene}`, 'a.fa.fai': 'gene\t300\t6\t300\t301\n' }
    const { path } = folder(files)
    const outcome = await predict(path, ['a.fa', '--region', 'gene:1-6', '--format', 'tsv', '-o', '-'])
    expect(outcome.code).toBe(0)
    expect(outcome.stderr).toMatch(/warning: .*a\.fa\.fai.*does not fit/)
    expect(
      outcome.stdout
        .toString()
        .split('\n')
        .slice(1, 7)
        .map((line) => line.split('\t')[2])
        .join(''),
    ).toBe('ACGTTG')
  })
  it('no index', () => expectRows({ 'a.fa.gz': bgzip(gene, 64) }, ['a.fa.gz', '--region', 'gene:101-200'], 100))
  it('a record without bases: no rows, a warning', () =>
    expectRows({ 'a.fa': `>none\n${gene}>last\n` }, ['a.fa', '--quiet'], 300))
  it('a record without bases is warned of', async () => {
    const { path } = folder({ 'a.fa': `>none\n${gene}` })
    const outcome = await predict(path, ['a.fa'])
    expect(outcome.stderr).toMatch(/warning: .*none.*no bases/)
  })
  it('BED with CRLF, track, browser and comment lines', () =>
    expectRows(
      {
        'a.fa': gene,
        'r.bed': 'browser position x\r\ntrack name=x\r\n# c\r\ngene\t0\t10\tone\t0\t-\r\n\r\ngene\t5\t15\r\n',
      },
      ['a.fa', '--regions', 'r.bed'],
      20,
    ))
  it('lower case, IUPAC, U, blank lines, CRLF, no last newline', async () => {
    const { path } = folder({ 'a.fa': '>r one\r\nacgtuNRyk\r\n\r\nSWMBDHV' })
    const outcome = await predict(path, ['a.fa', '-o', '-', '--format', 'tsv'])
    expect(
      outcome.stdout
        .toString()
        .split('\n')
        .slice(1, 17)
        .map((line) => line.split('\t')[2])
        .join(''),
    ).toBe('ACGTTNRYKSWMBDHV')
  })
})

describe('output that cannot be written ends predict with one line and leaves nothing', () => {
  it('a missing folder', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    expectFailure(await predict(path, ['a.fa', '-o', 'no/such/out.arrow']), 1, /no\/such/, /folder/)
    expect(names()).toEqual(['a.fa'])
  })
  it('a folder as output', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    mkdirSync(join(path, 'out.arrow'))
    expectFailure(await predict(path, ['a.fa', '-o', 'out.arrow']), 2, /out\.arrow.*folder/)
    expect(names()).toEqual(['a.fa', 'out.arrow'])
  })
  it('an unknown extension', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    expectFailure(await predict(path, ['a.fa', '-o', 'out.xlsx']), 2, /xlsx/, /arrow/)
    expect(names()).toEqual(['a.fa'])
  })
  it('an input, however it is spelt: it stays as it was', async () => {
    const { path, names } = folder({ 'a.fa': gene, 'r.bed': 'gene\t0\t5\n' })
    symlinkSync(join(path, 'a.fa'), join(path, 'link.arrow'))
    for (const output of ['a.fa', './a.fa', join(path, 'a.fa'), 'link.arrow', 'r.bed']) {
      expectFailure(await predict(path, ['a.fa', '--regions', 'r.bed', '--format', 'arrow', '-o', output]), 2, /input/)
    }
    expect(readFileSync(join(path, 'a.fa'), 'utf8')).toBe(gene)
    expect(names()).toEqual(['a.fa', 'link.arrow', 'r.bed'])
  })
  it.skipIf(process.getuid?.() === 0)(
    `no permission${process.getuid?.() === 0 ? ' (skipped: root may write everywhere)' : ''}`,
    async () => {
      const { path, names } = folder({ 'a.fa': gene })
      mkdirSync(join(path, 'closed'), { mode: 0o555 })
      expectFailure(await predict(path, ['a.fa', '-o', 'closed/out.arrow']), 1, /permission/)
      expect(names()).toEqual(['a.fa', 'closed'])
    },
  )
  it.skipIf(!existsSync('/dev/full'))('a full disk (/dev/full)', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    expectFailure(await predictAlone(path, ['a.fa', '--format', 'arrow', '-o', '/dev/full']), 1, /disk is full/)
    expect(names()).toEqual(['a.fa'])
  })
  const small = '/tmp/genoconv-small-disk'
  mkdirSync(small, { recursive: true })
  const canMount =
    process.getuid?.() === 0 && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]).status === 0
  it.skipIf(!canMount)(
    `a full disk (a small tmpfs${canMount ? '' : '; skipped: it cannot be mounted here'})`,
    async () => {
      try {
        const { path } = folder({ 'a.fa': `>gene\n${'ACGTTGCAGGTAAGT'.repeat(2000)}\n` })
        expectFailure(await predict(path, ['a.fa', '-o', join(small, 'out.arrow')]), 1, /out\.arrow.*disk is full/)
        expect(execFileSync('ls', ['-A', small], { encoding: 'utf8' })).toBe('')
      } finally {
        execFileSync('umount', [small])
      }
    },
  )
  it('a result that was there is kept when the new run fails', async () => {
    const { path, names } = folder({ 'a.fa': '>r\nAC!T\n', 'out.arrow': 'earlier' })
    expectFailure(await predict(path, ['a.fa', '-o', 'out.arrow']), 1)
    expect(readFileSync(join(path, 'out.arrow'), 'utf8')).toBe('earlier')
    expect(names()).toEqual(['a.fa', 'out.arrow'])
  })
  it('what a killed run left behind is no hindrance', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    writeFileSync(join(path, 'out.arrow.partial'), 'half')
    expect((await predict(path, ['a.fa', '-o', 'out.arrow'])).code).toBe(0)
    expect(names()).toEqual(['a.fa', 'out.arrow'])
  })
})

describe('devices and memory', () => {
  it('no GPU with --device gpu', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    const env = { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' }
    const words = ['predict', 'a.fa', '--model', goldenModel('openspliceai-nano.safetensors')]
    expectFailure(await runProgram([...words, '--device', 'gpu'], { cwd: path, env }), 1, /gpu/i, /--device cpu/)
    expect(names()).toEqual(['a.fa'])
    const auto = await runProgram([...words, '--device', 'auto', '-o', 'out.arrow'], { cwd: path, env })
    expect(auto.code).toBe(0)
    expect(auto.stderr).toMatch(/on cpu.*no GPU/)
  })
  it('too little --memory: the number needed', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    const outcome = await predict(path, ['a.fa', '--memory', '1M'])
    expectFailure(outcome, 1, /--memory/, /at least (\d+)M/)
    expect(names()).toEqual(['a.fa'])
    const needed = /at least (\d+M)/.exec(outcome.stderr)![1]
    expect((await predict(path, ['a.fa', '--memory', needed])).code).toBe(0)
  })
})

describe('interrupted', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal}: exit code 130, nothing left`, async () => {
      const { path, names } = folder()
      // The shipped sample takes minutes on a plain CPU; the signal comes once the output has been begun.
      const outcome = await runProgram(
        ['predict', sample('MACROD2.fa.gz'), '--device', 'cpu', '--threads', '1', '--chunk', '2k', '-o', 'out.arrow'],
        {
          cwd: path,
          onStart(child) {
            const wait = setInterval(() => {
              if (!existsSync(join(path, 'out.arrow.partial'))) return
              clearInterval(wait)
              setTimeout(() => child.kill(signal), 300)
            }, 50)
            child.on('close', () => clearInterval(wait))
          },
        },
      )
      expect(outcome.code).toBe(130)
      expect(outcome.lines.at(-1)).toMatch(/^genoconv: interrupted/)
      expect(names()).toEqual([])
    })
  }
})

describe('wrong usage ends with one line and exit code 2', () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [[], /command/],
    [['predct', 'a.fa'], /did you mean predict/],
    [['predict'], /missing/],
    [['predict', 'a.fa', '--modle', 'x'], /unknown option --modle; did you mean --model\?/],
    [['predict', 'a.fa', '--chunk'], /--chunk: needs a value/],
    [['predict', 'a.fa', '--chunk', 'many'], /--chunk.*1000, 100k or 1M.*many/],
    [['predict', 'a.fa', '--memory', '0'], /--memory/],
    [['predict', 'a.fa', '--threads', '0'], /--threads/],
    [['predict', 'a.fa', '--context', '-5'], /--context/],
    [['predict', 'a.fa', '--strand', 'plus'], /--strand.*\+, -, both.*plus/],
    [['predict', 'a.fa', '--format', 'xlsx'], /--format.*arrow.*xlsx/],
    [['predict', 'a.fa', '--device', 'tpu'], /--device.*auto, gpu, cpu.*tpu/],
    [['predict', 'a.fa', '--frequency-sparsity', '1'], /--frequency-sparsity.*0\.95.*1/],
    [['predict', 'a.fa', '-o', 'x', '-o', 'y'], /--output: given twice/],
    [['predict', 'a.fa', '--tracks', 'p_a', ...common], /--tracks.*acceptor, donor, neither.*p_a/],
    [['predict', 'a.fa', '--tracks', ',', ...common], /--tracks/],
    [['predict', 'a.fa', '--filter-length', '9', ...common], /--filter-length.*no long filters/],
    [['predict', 'a.fa', 'surplus', '-', '-'], /standard input/],
    [
      ['predict', 'a.fa', '--region', 'gene:1-20', '--region', 'gene:20-30', '-o', 'x.bedgraph', ...common],
      /bedgraph.*gene:0-20 and gene:19-30 overlap/,
    ],
  ]
  it.each(cases)('%j', async (words, pattern) => {
    const { path, names } = folder({ 'a.fa': gene })
    const alone = words.length === 0 || words.includes('-')
    expectFailure(
      await (alone ? runProgram(words, { cwd: path, input: '' }) : runProgramHere(words, { cwd: path })),
      2,
      pattern,
    )
    expect(names()).toEqual(['a.fa'])
  })
})

it('--debug shows where an error came from', async () => {
  const { path } = folder()
  const { stderr } = await predictAlone(path, ['missing.fa', '--debug'])
  expect(stderr).toMatch(/^genoconv: missing\.fa/)
  expect(stderr).toMatch(/\n\s+at /)
})
