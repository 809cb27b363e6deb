import { type ChildProcess, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { commandWords, folders, goldenModel, runProgram } from '../../support/run-program.ts'
import { interruptAt, predictHere } from '../../support/run-predict.ts'

// Inputs as careless users and unlucky surroundings bring them.

const folder = folders()
const model = goldenModel('openspliceai-nano.safetensors')
const options = ['--device', 'cpu', '--threads', '1', '-m', model]
const wrapped = (bases: string): string => bases.replace(/.{60}/g, '$&\n')
const fasta = `>one\n${wrapped(randomSequence(3000, 1))}\n>two\n${wrapped(randomSequence(500, 2))}\n`

function makePipe(path: string): string {
  if (spawnSync('mkfifo', [path]).status !== 0) throw new Error('mkfifo failed')
  return path
}

/** When `child` holds the file `path` open: only then does it wait for it. */
async function whenOpened(child: ChildProcess, path: string): Promise<void> {
  const folder = `/proc/${child.pid}/fd`
  const target = (name: string): string | undefined => {
    try {
      return readlinkSync(join(folder, name))
    } catch {
      return undefined // closed meanwhile
    }
  }
  while (child.exitCode === null && !readdirSync(folder).some((name) => target(name) === path))
    await new Promise((resolve) => setTimeout(resolve, 20))
}

describe.skipIf(process.platform !== 'linux')('a signal ends a run that waits for its input', () => {
  it.each([
    ['a FASTA pipe without a writer', 'SIGTERM', (pipe: string) => ['predict', pipe, '-o', 'out.tsv']],
    ['a FASTA pipe without a writer', 'SIGINT', (pipe: string) => ['predict', pipe, '-o', 'out.tsv']],
    ['a BED pipe without a writer', 'SIGTERM', (pipe: string) => ['predict', 'in.fa', '--regions', pipe]],
  ] as const)('%s, %s', async (_, signal, words) => {
    const { path, names } = folder({ 'in.fa': fasta })
    const pipe = makePipe(join(path, 'pipe'))
    const { code, lines } = await runProgram([...words(pipe), ...options, '--debug'], {
      cwd: path,
      onStart: (child) => void whenOpened(child, pipe).then(() => child.kill(signal)),
    })
    expect(lines[0]).toBe(`genoconv: interrupted (${signal})`)
    expect(code).toBe(130)
    expect(names()).toEqual(['in.fa', 'pipe'])
  })

  it('and a pipe with a writer is read as the file is', async () => {
    const { path } = folder({ 'in.fa': fasta })
    makePipe(join(path, 'pipe'))
    const run = (input: string, output: string) =>
      runProgram(['predict', input, ...options, '-o', output], {
        cwd: path,
        onStart: () => void (input === 'pipe' && spawnSync('sh', ['-c', 'cat in.fa > pipe &'], { cwd: path })),
      })
    expect((await run('in.fa', 'file.tsv')).code).toBe(0)
    expect((await run('pipe', 'pipe.tsv')).code).toBe(0)
    expect(readFileSync(join(path, 'pipe.tsv'))).toEqual(readFileSync(join(path, 'file.tsv')))
  })
})

it('an index of a pipe is refused', async () => {
  const { path } = folder()
  const { code, lines } = await runProgram(['index', makePipe(join(path, 'pipe'))])
  expect([code, lines]).toEqual([
    2,
    [expect.stringMatching(/pipe: an index is written beside a file: expected the path of a local file/)],
  ])
})

it('file:// URLs are files: a run is resumed by them, and the output is named after the file', async () => {
  const { path, names } = folder({ 'in put.fa': fasta })
  const url = String(pathToFileURL(join(path, 'in put.fa')))
  const output = join(path, 'out.tsv')
  const first = await predictHere({ fasta: [url], output, chunk: '500', resume: true }, interruptAt(1500))
  expect(first.error?.class).toBe('Interruption')
  const second = await predictHere({ fasta: [join(path, 'in put.fa')], output, chunk: '500', resume: true })
  expect(second.error).toBeUndefined()
  expect(second.summary?.['bases']).toBeLessThan(3500) // the rest was kept
  await predictHere({ fasta: [url], output: join(path, 'whole.tsv'), chunk: '500' })
  expect(readFileSync(output)).toEqual(readFileSync(join(path, 'whole.tsv')))
  const whole = await runProgram(['predict', url, ...options], { cwd: path })
  expect(whole.code).toBe(0)
  expect(names()).toContain('in put.openspliceai-nano.arrow')
  expect((await runProgram(['index', url])).code).toBe(0)
  expect(names()).toContain('in put.fa.fai')
  const { code, lines } = await runProgram(['predict', 'file://elsewhere/x.fa', ...options])
  expect([code, lines]).toEqual([2, [expect.stringMatching(/names no file of this machine: expected file:\/\/\//)]])
})

it('a byte-order mark before FASTA or BED changes nothing', async () => {
  const { path } = folder({
    'plain.fa': fasta,
    'marked.fa': `\ufeff${fasta}`,
    'plain.bed': 'one\t100\t200\n',
    'marked.bed': '\ufeffone\t100\t200\n',
  })
  for (const words of [[], ['--regions', 'BED']]) {
    const outputs: Buffer[] = []
    for (const kind of ['plain', 'marked']) {
      const given = words.map((word) => word.replace('BED', `${kind}.bed`))
      const { code, stdout } = await runProgram(
        ['predict', `${kind}.fa`, ...given, ...options, '-o', '-', '--format', 'tsv'],
        { cwd: path },
      )
      expect(code).toBe(0)
      outputs.push(stdout)
    }
    expect(outputs[1].length).toBeGreaterThan(1000)
    expect(outputs[1]).toEqual(outputs[0])
  }
})

it('a record without a name gives no rows that nobody could find again', async () => {
  const { path, names } = folder({ 'in.fa': '>a\nACGT\n>\nACGTAC\n' })
  const { code, lines } = await runProgram(['predict', 'in.fa', ...options, '-o', 'out.tsv', '--quiet'], { cwd: path })
  expect([code, lines]).toEqual([
    1,
    [
      expect.stringMatching(
        /in\.fa: a record has no name, .*: expected a header line ">name", got ">"; give it a name/,
      ),
    ],
  ])
  expect(names()).toEqual(['in.fa'])
})

it('three records without bases are named, the others counted', async () => {
  const { path } = folder({ 'in.fa': `${Array.from({ length: 3057 }, (_, i) => `>e${i}\n`).join('')}>a\nACGT\n` })
  const { code, lines } = await runProgram(['predict', 'in.fa', ...options, '-o', 'out.tsv'], { cwd: path })
  expect(code).toBe(0)
  expect(lines.filter((line) => /no bases/.test(line))).toEqual([
    ...['e0', 'e1', 'e2'].map((name) => `genoconv: warning: in.fa: record ${name} has no bases, so it has no rows`),
    'genoconv: warning: in.fa: 3,054 more records have no bases',
  ])
})

describe.skipIf(process.platform !== 'linux')('a device without an end is refused', () => {
  const vcf = '##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\none\t5\t.\tA\tC\t.\t.\t.\n'
  it.each([
    [
      'a model',
      ['predict', 'in.fa', '--device', 'cpu', '-m', '/dev/zero', '-o', 'out.tsv'],
      /expected a file, got a pipe or a device/,
    ],
    ['a model that is told of', ['models', 'info', '/dev/zero'], /expected a file, got a pipe or a device/],
    ['a config', ['predict', 'in.fa', '--device', 'cpu', '-m', 'model', '-o', 'out.tsv'], /model/],
    ['regions', ['predict', 'in.fa', ...options, '--regions', '/dev/zero', '-o', 'out.tsv'], /\/dev\/zero line 1: /],
    ['FASTA', ['predict', '/dev/zero', ...options, '-o', 'out.tsv'], /binary data, not FASTA/],
    ['a manifest', ['shard', 'run', '/dev/zero', '0'], /expected a file, got a pipe or a device/],
    ['a VCF', ['variants', 'in.fa', '/dev/zero', '--genes', 'none', ...options, '-o', 'out.vcf'], /\/dev\/zero/],
    [
      'genes',
      ['variants', 'in.fa', 'in.vcf', '--genes', '/dev/zero', ...options, '-o', 'out.vcf'],
      /\/dev\/zero line 1: the line is too long/,
    ],
  ] as const)('%s', async (_, words, message) => {
    const { path, names } = folder({ 'in.fa': fasta, 'in.vcf': vcf })
    mkdirSync(join(path, 'model'))
    symlinkSync(model, join(path, 'model', 'model.safetensors'))
    symlinkSync('/dev/zero', join(path, 'model', 'config.json'))
    const { code, lines } = await runProgram([...words], { cwd: path })
    expect([code, lines.at(-1)]).toEqual([1, expect.stringMatching(message)])
    expect(names()).toEqual(['in.fa', 'in.vcf', 'model'])
  })
})

it('what an output says of its inputs holds no password and no token', async () => {
  const { path } = folder({ 'in.fa': fasta })
  await runProgram(['index', 'in.fa'], { cwd: path })
  const server = createServer((request, response) => {
    const file = join(path, new URL(request.url!, 'http://x').pathname)
    if (!existsSync(file)) return void response.writeHead(404).end()
    const bytes = readFileSync(file)
    const range = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '')
    if (!range) return void response.end(bytes)
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)]
    const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}` }
    response.writeHead(206, headers).end(bytes.subarray(start, end + 1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/in.fa?token=SECRET`
  const { code, stderr } = await runProgram(['predict', url, ...options, '-o', 'out.arrow'], { cwd: path })
  server.closeAllConnections()
  server.close()
  expect([code, stderr]).toEqual([0, expect.any(String)])
  const bytes = readFileSync(join(path, 'out.arrow'), 'latin1')
  expect(bytes).toContain('genoconv predict in.fa ')
  expect(bytes).not.toMatch(/SECRET|token/)
})

it('more records and more regions than a call takes arguments', async () => {
  const count = 300_000
  const lines = Array.from({ length: count }, (_, i) => `>r${i}\nACGT\n`)
  const { path } = folder({
    'in.fa': lines.join(''),
    'in.bed': Array.from({ length: count }, (_, i) => `r${i}\t1\t3\n`).join(''),
  })
  for (const words of [[], ['--regions', 'in.bed']]) {
    const { code, stdout, stderr } = await runProgram(['predict', 'in.fa', ...words, ...options, '--dry-run'], {
      cwd: path,
    })
    expect([code, stderr]).toEqual([0, ''])
    expect(String(stdout)).toMatch(/300,000/)
  }
})

describe.skipIf(process.platform === 'win32')('few open files are allowed', () => {
  const limited = (limit: number, words: readonly string[], cwd: string) =>
    spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, ...commandWords(words)], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, HF_HUB_OFFLINE: '1' },
    })

  it('300 inputs are read where 100 files may be open', () => {
    const inputs = Array.from({ length: 300 }, (_, i) => `${i}.fa`)
    const { path } = folder(Object.fromEntries(inputs.map((name, i) => [name, `>r${i}\nACGTACGT\n`])))
    const { status, stderr } = limited(100, ['predict', ...inputs, ...options, '-o', 'out.tsv'], path)
    expect([status, stderr]).toEqual([0, expect.stringMatching(/2,400 bases/)])
  })

  // How many it takes depends on Node: 20 opens many modules at once, 24 one after the other.
  it.each([24, 28, 32, 40, 50, 60])('%i: it runs, or says in one line how many are needed', (limit) => {
    const { path, names } = folder({ 'in.fa': '>a\nACGTACGT\n' })
    const { status, stderr } = limited(limit, ['predict', 'in.fa', ...options, '-o', 'out.tsv', '--quiet'], path)
    if (status === 0) expect([stderr, names()]).toEqual(['', ['in.fa', 'out.tsv']])
    else {
      const line = new RegExp(
        `^genoconv: (open files: .*: expected at least 256, got ${limit}; .*|in\\.fa: .*too many open files.*)ulimit -n 1024\\)?\\n$`,
      )
      expect([status, stderr, names()]).toEqual([1, expect.stringMatching(line), ['in.fa']])
    }
  })
})
