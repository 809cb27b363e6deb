import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { runProgramHere } from '../../support/run-here.ts'
import { commandWords, folders, goldenModel, runProgram, sample } from '../../support/run-program.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const folder = folders()
const splice = ['--device', 'cpu', '--threads', '1', '--model', goldenModel('openspliceai-nano.safetensors')]
const language = ['--device', 'cpu', '--threads', '1', '--model', goldenModel('hyena-nano')]
const gene = `>gene some text\n${'ACGTTGCAGGTAAGTN'.repeat(20)}\n>two\nACG\n`

const readRows = (bytes: Uint8Array) =>
  tableFromIPC(bytes)
    .toArray()
    .map((row) => row.toJSON() as Record<string, unknown>)

describe('predict, as a user runs it', () => {
  it('writes <input>.<model>.arrow in the current folder, with the schema and metadata of the contract', async () => {
    const { path, names } = folder({ 'a.b.fasta': gene })
    const outcome = await runProgram(['predict', 'a.b.fasta', ...splice], { cwd: path })
    expect({ code: outcome.code, stdout: outcome.stdout.length }).toEqual({ code: 0, stdout: 0 })
    expect(names()).toEqual(['a.b.fasta', 'a.b.openspliceai-nano.arrow'])
    const table = tableFromIPC(readFileSync(join(path, 'a.b.openspliceai-nano.arrow')))
    expect(table.schema.names).toEqual(['contig', 'position', 'base', 'acceptor', 'donor'])
    const metadata = Object.fromEntries(table.schema.metadata)
    expect(Object.keys(metadata).sort()).toEqual([
      'genoconv.device',
      'genoconv.input',
      'genoconv.model',
      'genoconv.model_sha256',
      'genoconv.parameters',
      'genoconv.regions',
      'genoconv.run',
      'genoconv.version',
    ])
    expect(JSON.parse(metadata['genoconv.input'])).toEqual({
      files: [{ name: 'a.b.fasta', bytes: gene.length, sha256: sha256(gene), sha256Of: 'content' }],
      contigs: [
        { name: 'gene', length: 320 },
        { name: 'two', length: 3 },
      ],
    })
    expect(JSON.parse(metadata['genoconv.parameters'])).toMatchObject({ strand: '+', tracks: ['acceptor', 'donor'] })
    expect(metadata['genoconv.model_sha256']).toMatch(/^[0-9a-f]{64}$/)
    const rows = table.toArray().map((row) => row.toJSON())
    expect(rows.map((row) => row['position'])).toEqual([...Array.from({ length: 320 }, (_, i) => i), 0, 1, 2])
    expect(rows.map((row) => row['base']).join('')).toBe(`${'ACGTTGCAGGTAAGTN'.repeat(20)}ACG`)
    expect(outcome.lines.at(-1)).toMatch(/^genoconv: 323 bases in .* wrote a\.b\.openspliceai-nano\.arrow$/)
    expect(outcome.lines.at(-2)).toBe(
      'genoconv: to look at it: genoconv view a.b.openspliceai-nano.arrow --fasta a.b.fasta',
    )
    expect(outcome.stderr).toMatch(/strongest acceptor: /)
    expect(outcome.stderr).not.toMatch(/\r|\u001b/)
  })

  it('a language model: null at the first base of a sequence and where the base is unknown, probabilities null only at the first', async () => {
    const { path } = folder({ 'a.fa': gene })
    expect((await runProgram(['predict', 'a.fa', '-o', 'out.arrow', ...language], { cwd: path })).code).toBe(0)
    const rows = readRows(readFileSync(join(path, 'out.arrow')))
    expect(Object.keys(rows[0])).toEqual(['contig', 'position', 'base', 'log_likelihood', 'p_a', 'p_c', 'p_g', 'p_t'])
    for (const row of rows) {
      expect(row['log_likelihood'] === null).toBe(row['position'] === 0 || row['base'] === 'N')
      expect(row['p_a'] === null).toBe(row['position'] === 0)
    }
  })

  it('standard input gives an Arrow stream on standard output, the same rows as the file', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    await runProgram(['predict', 'a.fa', '-o', 'out.arrow', ...splice], { cwd: path })
    const expected = readRows(readFileSync(join(path, 'out.arrow')))
    for (const words of [['-'], ['-', '--quiet'], ['--strand', '+', '-'], ['-', '-o', '-']]) {
      const outcome = await runProgram(['predict', ...words, ...splice], { cwd: path, input: gene })
      expect(outcome.code).toBe(0)
      expect(readRows(outcome.stdout)).toEqual(expected)
    }
    const toFile = await runProgram(['predict', '-', '-o', 'b.arrow', ...splice], { cwd: path, input: gene })
    expect(toFile.code).toBe(0)
    const table = tableFromIPC(readFileSync(join(path, 'b.arrow')))
    expect(table.toArray().map((row) => row.toJSON())).toEqual(expected)
    expect(JSON.parse(table.schema.metadata.get('genoconv.input')!).contigs).toEqual([
      { name: 'gene', length: 320 },
      { name: 'two', length: 3 },
    ])
    expect(names()).toEqual(['a.fa', 'b.arrow', 'out.arrow'])
  })

  it('regions from texts and BED: in order, overlapping ones each with their rows, named', async () => {
    const { path } = folder({ 'a.fa': gene, 'r.bed': 'gene\t5\t9\tg1\t0\t-\ngene\t7\t10\ntwo\t0\t3\tt\n' })
    const outcome = await runProgramHere(
      ['predict', 'a.fa', '--region', 'two:2-3', '--regions', 'r.bed', '-o', '-', '--format', 'tsv', ...splice],
      { cwd: path },
    )
    const cells = outcome.stdout
      .toString()
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t').slice(0, 4).join(' '))
    expect(cells).toEqual([
      'two 1 C two:1-3',
      'two 2 G two:1-3',
      'gene 5 G g1',
      'gene 6 C g1',
      'gene 7 A g1',
      'gene 8 G g1',
      'gene 7 A gene:7-10',
      'gene 8 G gene:7-10',
      'gene 9 G gene:7-10',
      'two 0 A t',
      'two 1 C t',
      'two 2 G t',
    ])
  })

  it('--json: an object a line, the last one the summary', async () => {
    const { path } = folder({ 'a.fa': gene })
    const { lines } = await runProgram(['predict', 'a.fa', '--json', '-o', 'out.arrow', ...splice], { cwd: path })
    const events = lines.map((line) => JSON.parse(line))
    expect(events.every((event) => typeof event.event === 'string')).toBe(true)
    const last = events.at(-1)
    expect(Object.keys(last)).toEqual([
      'event',
      'bases',
      'seconds',
      'basesPerSecond',
      'peakMemoryBytes',
      'device',
      'output',
    ])
    expect(last).toMatchObject({ event: 'done', bases: 323, output: 'out.arrow' })
    expect(last.basesPerSecond).toBeCloseTo(last.bases / last.seconds)
    expect(last.peakMemoryBytes).toBeGreaterThan(1e7)
    const failed = await runProgram(['predict', 'none.fa', '--json', ...splice], { cwd: path })
    expect(JSON.parse(failed.lines.at(-1)!)).toMatchObject({
      event: 'error',
      message: expect.stringMatching(/none\.fa/),
    })
  })

  it('bedGraph of two tracks and of one, as bedtools reads it', async () => {
    const { path } = folder({ 'a.fa': gene })
    const one = (
      await runProgramHere(
        [
          'predict',
          'a.fa',
          '--region',
          'two',
          '--region',
          'gene:1-4',
          '--tracks',
          'donor',
          '-o',
          '-',
          '--format',
          'bedgraph',
          ...splice,
        ],
        { cwd: path },
      )
    ).stdout
    const lines = one
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    // Neighbours of equal value are one line; together they are the two regions, in the order asked for.
    const covered = (name: string) =>
      lines.filter(([contig]) => contig === name).reduce((sum, [, start, end]) => sum + Number(end) - Number(start), 0)
    expect([covered('two'), covered('gene'), lines[0][0], lines.at(-1)![0]]).toEqual([3, 4, 'two', 'gene'])
    expect(lines[0][1]).toBe('0')
    for (const [, , , value] of lines) expect(value).toMatch(/^\d[\d.e-]*$/)
    await runProgramHere(['predict', 'a.fa', '-o', 'two.bedgraph', ...splice], { cwd: path })
    expect(readFileSync(join(path, 'two.bedgraph'), 'utf8').match(/^track .*$/gm)).toEqual([
      'track type=bedGraph name="acceptor"',
      'track type=bedGraph name="donor"',
    ])
  })

  it('--quiet says nothing', async () => {
    const { path } = folder({ 'a.fa': `>empty\n${gene}` })
    expect(
      (await runProgramHere(['predict', 'a.fa', '--quiet', '-o', 'out.arrow', ...splice], { cwd: path })).lines,
    ).toEqual([])
  })

  it('--dry-run prints the plan, writes nothing', async () => {
    const { path, names } = folder({ 'a.fa': gene })
    const plan = await runProgramHere(['predict', 'a.fa', '--dry-run', '--chunk', '100', ...language], { cwd: path })
    expect(plan.code).toBe(0)
    for (const word of [
      /records: +2, 323 bases/,
      /model: /,
      /device: +cpu/,
      /chunk: +100 bases/,
      /plan: +long convolution of /,
      /memory: /,
      /time: /,
    ])
      expect(plan.stdout.toString()).toMatch(word)
    expect(
      JSON.parse(
        (await runProgramHere(['predict', 'a.fa', '--dry-run', '--json', ...splice], { cwd: path })).stdout.toString(),
      ),
    ).toMatchObject({ bases: 323, targets: 2 })
    expect(names()).toEqual(['a.fa'])
  })

  it('a pipe that closes ends it quietly', async () => {
    const { path } = folder({ 'a.fa': `>gene\n${'ACGTTGCAGGTAAGTN'.repeat(5000)}\n` })
    const child = spawn(
      process.execPath,
      commandWords(['predict', 'a.fa', '-o', '-', '--format', 'tsv', '--quiet', ...splice]),
      { cwd: path },
    )
    let stderr = ''
    child.stderr.on('data', (data) => {
      stderr += data
    })
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('laws, on the program', () => {
  // A real exon's surroundings, so that the shipped splice model has something to say; two unknown bases.
  const sampleText = readFileSync(sample('BIRC7.fa'), 'utf8').split('\n').slice(1).join('')
  const dna = `${sampleText.slice(1200, 1900)}NR${sampleText.slice(1900, 2100)}`
  const opposite = [...dna]
    .reverse()
    .map((base) => ({ A: 'T', C: 'G', G: 'C', T: 'A', N: 'N', R: 'Y' })[base.toUpperCase()])
    .join('')
  const values = async (path: string, words: readonly string[], model: readonly string[]) => {
    const outcome = await runProgramHere(['predict', ...words, '-o', '-', '--device', 'cpu', ...model], { cwd: path })
    expect({ code: outcome.code, lines: outcome.lines }).toEqual({ code: 0, lines: outcome.lines })
    return readRows(outcome.stdout).map((row) => (row['donor'] ?? row['log_likelihood'] ?? Number.NaN) as number)
  }
  const expectClose = (got: number[], expected: number[]) => {
    expect(got.length).toBe(expected.length)
    const scale = Math.max(...expected.filter((value) => !Number.isNaN(value)).map(Math.abs))
    for (const [i, value] of expected.entries()) {
      if (Number.isNaN(value)) expect(got[i]).toBeNaN()
      else expect(Math.abs(got[i] - value) / scale).toBeLessThan(1e-5)
    }
  }
  for (const [name, model] of [
    ['splice', ['--model', 'splice']],
    ['language', ['--model', goldenModel('hyena-nano')]],
  ] as const) {
    it(`${name}: --chunk, --threads, a region, the minus strand`, async () => {
      const { path } = folder({ 'a.fa': `>a\n${dna}\n`, 'rc.fa': `>a\n${opposite}\n` })
      const whole = await values(path, ['a.fa'], model)
      expect(new Set(whole).size).toBeGreaterThan(100)
      expectClose(await values(path, ['a.fa', '--chunk', '97', '--threads', '1'], model), whole)
      expectClose(await values(path, ['a.fa', '--threads', '3'], model), whole)
      expectClose(
        await values(path, ['a.fa', '--region', 'a:301-450', '--context', 'full'], model),
        whole.slice(300, 450),
      )
      const minus = await values(path, ['a.fa', '--strand', '-'], model)
      expectClose(minus, (await values(path, ['rc.fa'], model)).reverse())
      expect(minus).not.toEqual(whole)
    })
  }
})

describe('help', () => {
  it.each([
    [['--help']],
    [['predict', '--help']],
    [['models', '--help']],
    [['index', '--help']],
    [['devices', '--help']],
    [['bench', '--help']],
    [['shard', '--help']],
  ])('%j shows examples', async (words) => {
    const { code, stdout } = await runProgram(words)
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(/Examples:\n +genoconv /)
  })
  it('bench measures a model', async () => {
    const outcome = await runProgram(['bench', '--bases', '2000', '--json', ...splice])
    expect(JSON.parse(outcome.stdout.toString())).toMatchObject({
      event: 'bench',
      bases: 2000,
      device: expect.stringMatching(/^cpu/),
    })
  })
  it('bench --explain prints every convolution and what chose it; --calibrate keeps what it measured', async () => {
    const { path, names } = folder({})
    const env = { XDG_CACHE_HOME: path, GENOCONV_PLAN_CONSTANTS: '' }
    const explain = async (words: readonly string[]) =>
      (await runProgram(['bench', '--explain', ...words], { env })).stdout.toString()
    expect(await explain(language)).toMatch(
      /layers, in each:\n +long convolution of \d+ channels.*\n[\s\S]*planned by the package's constants/,
    )
    expect(await explain(splice)).toMatch(/\d+ x convolution \d+ -> \d+, width \d+, dilation \d+: /)
    const calibrated = await runProgram(['bench', '--calibrate'], { env })
    expect({ code: calibrated.code, stdout: calibrated.stdout.toString() }).toEqual({
      code: 0,
      stdout: expect.stringContaining(`kept in ${path}`),
    })
    expect(names()).toEqual(['genoconv'])
    expect(await explain(language)).toMatch(/calibration [0-9a-f]{8}[\s\S]*planned by .*plan-constants\.json/)
  })
  it('--version, completion, devices', async () => {
    expect((await runProgram(['--version'])).stdout.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect((await runProgram(['completion'])).stdout.toString()).toMatch(/genoconv/)
    expect((await runProgram(['devices'])).stdout.toString()).toMatch(/^[* ] .*cpu/m)
    const devices = JSON.parse((await runProgram(['devices', '--json'])).stdout.toString())
    expect(devices.filter((device: { chosen: boolean }) => device.chosen)).toHaveLength(1)
  })
})
