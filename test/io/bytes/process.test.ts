import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { bgzfBlock, bgzfEnd, bgzip, temporaryFolder } from '../../support/fasta-files.ts'

const folder = temporaryFolder()

interface Report {
  readonly bases: number
  readonly records: number
  readonly growthBytes: number
  readonly isRandomAccess: boolean
  readonly warnings: readonly string[]
  readonly error?: string
}

/** Runs test/support/read-all.ts in a process of its own. */
async function readAll(args: readonly string[], input?: Uint8Array): Promise<Report> {
  const child = spawn(process.execPath, ['--import', './scripts/typescript.mjs', 'test/support/read-all.ts', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stdin.on('error', () => {}) // a reader that stops early closes the pipe
  child.stdin.end(input)
  await new Promise((resolve) => child.on('close', resolve))
  return JSON.parse(output)
}

describe('memory does not depend on the size of the file', () => {
  const lines = 'ACGTACGTTGCANNNNNacgtRYACGTTTAGACCAGATTACAGATTACACCGGTTAACCGG\n'.repeat(1000)
  const baseCount = 61_000
  const write = (name: string, blocks: number): string => {
    const path = join(folder.path, name)
    const file = openSync(path, 'w')
    const block = name.endsWith('.gz') ? bgzfBlock(Buffer.from(lines)) : Buffer.from(lines)
    writeSync(file, name.endsWith('.gz') ? bgzfBlock(Buffer.from('>a\n')) : Buffer.from('>a\n'))
    for (let i = 0; i < blocks; i++) writeSync(file, block)
    if (name.endsWith('.gz')) writeSync(file, bgzfEnd)
    closeSync(file)
    return path
  }

  test.each([
    ['chunks', '.fa.gz', 4000],
    ['contigs', '.fa.gz', 4000],
    ['chunks', '.fa', 1500],
  ])('%s of a large %s', async (mode, suffix, blocks) => {
    const small = await readAll([write(`small${suffix}`, 100), mode])
    const large = await readAll([write(`large${suffix}`, blocks), mode])
    expect([small.bases, large.bases]).toEqual([100 * baseCount, blocks * baseCount])
    expect(large.growthBytes).toBeLessThan(160e6) // of 90 to 240 million bases; what the collector leaves lying, not the file
    expect(large.growthBytes - small.growthBytes).toBeLessThan(110e6)
  })
})

describe('standard input and pipes', () => {
  const fasta = `>a\n${'ACGTACGT\n'.repeat(50_000)}>b\nAC\n`
  const expected = { bases: 400_002, records: 2, isRandomAccess: false, warnings: [] }

  test.each([
    ['plain', Buffer.from(fasta)],
    ['gzip', gzipSync(fasta)],
    ['BGZF', bgzip(fasta)],
  ])('%s', async (_, input) => {
    expect(await readAll(['-'], input)).toMatchObject(expected)
  })

  test('what is wrong in it is told as of a file', async () => {
    expect((await readAll(['-'], Buffer.from(''))).error).toMatch(/FormatError: standard input: the file is empty/)
    expect((await readAll(['-'], Buffer.from('>a\nAC!\n'))).error).toMatch(
      /FormatError: standard input line 2, record a, position 2: not a base/,
    )
    expect((await readAll(['-'], bgzip(fasta).subarray(0, 1000))).error).toMatch(
      /FormatError: standard input at compressed offset \d+: truncated BGZF/,
    )
    expect((await readAll(['-', 'contigs'], Buffer.from(fasta))).error).toMatch(
      /FormatError: -: a stream has no index: expected a file/,
    )
  })

  test('a named pipe', async () => {
    const path = join(folder.path, 'pipe.fa')
    if (spawnSync('mkfifo', [path]).status !== 0) throw new Error('mkfifo failed')
    const writer = spawn('sh', ['-c', `cat '${folder.write('source.fa', fasta)}' > '${path}'`])
    expect(await readAll([path])).toMatchObject(expected)
    writer.kill()
  })
})

test('the modules that a browser loads need nothing of Node', async () => {
  const { metafile } = await build({
    entryPoints: [
      'src/io/fasta/open-genome.ts',
      'src/io/fasta/bed.ts',
      'src/io/fasta/region-text.ts',
      'src/io/fasta/alphabet.ts',
    ],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    outdir: folder.path,
    logLevel: 'silent',
    external: ['*/local-file.ts', '*/inflate.ts', '*/atomic-output.ts'],
  })
  // All that is left out of the bundle is behind a dynamic import, so a browser never asks for it.
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  expect(imports.filter(({ kind }) => kind !== 'dynamic-import')).toEqual([])
  for (const path of Object.keys(metafile.inputs).filter((name) => name.startsWith('src/'))) {
    expect(readFileSync(path, 'utf8'), path).not.toMatch(/^import .* from 'node:/m)
  }
})
