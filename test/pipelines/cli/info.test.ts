import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { predictToFile } from '../../../src/index.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, runProgram } from '../../support/run-program.ts'

const folder = folders()
const gene = `>one\n${randomSequence(3000, 1)}\n`
const bed = 'one\t10\t900\tx\none\t1000\t1400\ty\n'
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
const model = goldenModel('openspliceai-nano.safetensors')
const words = ['--device', 'cpu', '--threads', '1', '--model', model]

it('says how a file was made, so that it can be made again', async () => {
  const { path: cwd } = folder({ 'a.fa': gene, 'r.bed': bed })
  const asked = ['--regions', 'r.bed', '--chunk', '500', '--tracks', 'donor', '--quiet']
  for (const name of ['out.arrow', 'out.arrows', 'out.parquet']) {
    expect((await runProgram(['predict', 'a.fa', ...asked, ...words, '-o', name], { cwd })).code).toBe(0)
    const { code, stdout } = await runProgram(['info', name, '--json'], { cwd })
    expect(code).toBe(0)
    const { rows, columns, made } = JSON.parse(String(stdout))
    expect(rows).toBe(890 + 400)
    expect(columns.map((column: { name: string }) => column.name)).toEqual([
      'contig',
      'position',
      'base',
      'region',
      'donor',
    ])
    expect(made).toMatchObject({
      model_sha256: sha256(readFileSync(model)),
      run: { node: process.version, chunkBases: 500, calibration: 'package' },
      regions: { count: 2, files: [{ name: 'r.bed', bytes: bed.length, sha256: sha256(bed) }] },
    })
    expect(made.input.files).toEqual([{ name: 'a.fa', bytes: gene.length, sha256: sha256(gene), sha256Of: 'content' }])
    // What it says is a command: run again, it gives the same bytes.
    const [program, ...again] = made.run.command.replace('openspliceai-nano.safetensors', model).split(' ')
    expect(program).toBe('genoconv')
    await runProgram([...again, '--device', 'cpu', '--quiet', '-o', `again-${name}`], { cwd })
    expect(readFileSync(join(cwd, `again-${name}`)).equals(readFileSync(join(cwd, name)))).toBe(true)
  }
  const { stdout } = await runProgram(['info', 'out.arrow'], { cwd })
  expect(String(stdout)).toMatch(
    /^command: +genoconv predict a\.fa --model openspliceai-nano\.safetensors --regions r\.bed/m,
  )
  expect(String(stdout)).toContain(`a.fa: 3,006 bytes, SHA-256 of its content ${sha256(gene)}`)
})

it('the command has no secrets of URLs, and no words that leave the bytes as they are', async () => {
  const files = new Map(Object.entries({ '/a.fa': gene, '/a.fa.fai': 'one\t3000\t5\t3000\t3001\n' }))
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const text = files.get(request.url?.split('?')[0] ?? '')
    if (text === undefined) return void response.writeHead(404).end()
    const content = Buffer.from(text)
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    if (first === undefined) return void response.end(content)
    const end = last ? Math.min(Number(last) + 1, content.length) : content.length
    const headers = { 'content-range': `bytes ${first}-${end - 1}/${content.length}` }
    response.writeHead(206, headers).end(content.subarray(Number(first), end))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { path: cwd } = folder()
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/a.fa?token=SECRET`
  const outcome = await runProgram(['predict', url, ...words, '--quiet', '-o', 'out.arrow'], { cwd })
  await runProgram(['predict', url, '-o', 'other.arrow', ...words], { cwd })
  server.closeAllConnections()
  server.close()
  expect(outcome).toMatchObject({ code: 0, lines: [] })
  expect(asked.some((path) => path.includes('SECRET'))).toBe(true)
  const bytes = readFileSync(join(cwd, 'out.arrow'))
  expect(bytes.includes('SECRET')).toBe(false)
  expect(readFileSync(join(cwd, 'other.arrow')).equals(bytes)).toBe(true)
  const { stdout } = await runProgram(['info', 'out.arrow'], { cwd })
  expect(String(stdout)).toMatch(
    /^command: +genoconv predict a\.fa --model openspliceai-nano\.safetensors --threads 1$/m,
  )
})

it('a large file of which regions are read: the hash is of its index', async () => {
  const large = `>one\n${'ACGTTGCA'.repeat(1_100_000)}\n`
  const { path: cwd } = folder({ 'a.fa': large })
  await predictToFile(join(cwd, 'a.fa'), join(cwd, 'out.arrow'), {
    models: [model],
    regionTexts: ['one:1-100'],
    device: 'cpu',
    threads: 1,
  })
  const { stdout } = await runProgram(['info', 'out.arrow', '--json'], { cwd })
  const { input } = JSON.parse(String(stdout)).made
  expect(input.files[0]).toMatchObject({ sha256Of: 'index', sha256: sha256(`${large.length}\none\t8800000\n`) })
})

it('what says nothing of how it was made', async () => {
  const { path: cwd } = folder({
    'a.fa': gene,
    'empty.arrow': '',
    'cut.arrow': 'ARROW1\0\0abc',
    'cut.parquet': 'PAR1abcdefghijkl',
  })
  for (const name of ['a.fa', 'empty.arrow', 'cut.arrow', 'cut.parquet', 'missing.arrow', '.']) {
    const { code, lines, stdout } = await runProgram(['info', name], { cwd })
    expect([name, code, lines.length, stdout.length]).toEqual([name, 1, 1, 0])
    expect(lines[0]).not.toMatch(/Cannot read prop|metadata bytes|footer/) // what libraries say
    expect(lines[0]).toMatch(
      new RegExp(
        `^genoconv: ${name.replaceAll('.', '\\.')}: (cannot be read as Arrow|not a complete Parquet|no such file|is no file)`,
      ),
    )
  }
})
