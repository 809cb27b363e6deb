import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, killAfterWrites, runProgram } from '../../support/run-program.ts'

// Inputs that are URLs, on a server that wants a password and a token: neither is ever shown, in no message and no file.
const folder = folders()
const model = goldenModel('openspliceai-nano.safetensors')
const words = ['--device', 'cpu', '--threads', '1', '--model', model]
const sequence = randomSequence(150_000, 3)
const files: Readonly<Record<string, string>> = {
  '/a.fa': `>one\n${sequence}\n`,
  '/a.fa.fai': `one\t${sequence.length}\t5\t${sequence.length}\t${sequence.length + 1}\n`,
  '/lonely.fa': '>one\nACGT\n',
}

let server: Server
let base = ''
beforeAll(async () => {
  const authorization = `Basic ${Buffer.from('me:PASSWORD').toString('base64')}`
  server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://loopback')
    const isAllowed = searchParams.get('token') === 'SECRET' && request.headers.authorization === authorization
    const text = files[pathname]
    // As an address that was signed for reading: nothing but GET.
    if (!isAllowed || request.method !== 'GET') return void response.writeHead(403).end()
    if (text === undefined) return void response.writeHead(404).end()
    const content = Buffer.from(text)
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const end = Math.min(Number(last) + 1, content.length)
    const etag = createHash('md5').update(content).digest('hex')
    response.writeHead(206, { etag, 'content-range': `bytes ${first}-${end - 1}/${content.length}` })
    response.end(content.subarray(Number(first), end))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://me:PASSWORD@127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const url = (name: string): string => `${base}/${name}?token=SECRET`
const secrets = /SECRET|PASSWORD/

it('messages name a URL without its user, password and query', async () => {
  const { path: cwd, names } = folder({ 'a.fa': files['/lonely.fa'] })
  for (const more of [[], ['--json', '--debug']]) {
    const { code, stderr } = await runProgram(['predict', url('lonely.fa'), ...words, ...more], { cwd })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /http:\/\/127\.0\.0\.1:\d+\/lonely\.fa\?\*\*\*: no index beside it: expected http\S+\.fai\?\*\*\*/,
    )
    expect(stderr).not.toMatch(secrets)
  }
  const attempts = [
    ['predict', url('none.fa'), ...words],
    ['predict', 'a.fa', '--device', 'cpu', '--model', url('m.pt')],
    ['variants', 'a.fa', url('x.vcf'), '--genes', 'none', ...words],
    ['shard', 'plan', url('a.fa'), '--shards', '2', '-o', 'run/m.json', ...words],
    ['info', url('x.arrow')],
  ]
  for (const attempt of attempts) {
    const { code, stderr } = await runProgram(attempt, { cwd })
    expect(code, stderr).toBeGreaterThan(0)
    expect(stderr).toContain('?***')
    expect(stderr).not.toMatch(secrets)
  }
  const dry = await runProgram(['predict', url('a.fa'), '--dry-run', '--json', ...words], { cwd })
  expect(dry).toMatchObject({ code: 0 })
  expect(String(dry.stdout)).toContain('/a.fa?***')
  expect(dry.stdout + dry.stderr).not.toMatch(secrets)
  expect(names()).toEqual(['a.fa'])
})

it('a run of a URL that was killed is resumed, and writes the bytes of a run that nobody killed', async () => {
  const { path: cwd, names } = folder()
  const run = ['predict', url('a.fa'), ...words, '--chunk', '50000']
  const killed = await runProgram([...run, '-o', 'a.arrow'], { cwd, env: killAfterWrites(1, 'SIGKILL') })
  expect(killed.signal).toBe('SIGKILL')
  expect(names()).toContain('a.arrow.partial.json')
  for (const name of names()) expect(readFileSync(join(cwd, name), 'latin1')).not.toMatch(secrets)
  const resumed = await runProgram([...run, '-o', 'a.arrow', '--resume'], { cwd })
  expect(resumed.code, resumed.stderr).toBe(0)
  expect(resumed.stderr).toContain('continuing after row')
  expect(resumed.stderr).not.toMatch(secrets)
  await runProgram([...run, '-o', 'whole.arrow'], { cwd })
  expect(readFileSync(join(cwd, 'a.arrow')).equals(readFileSync(join(cwd, 'whole.arrow')))).toBe(true)
  expect(names()).toEqual(['a.arrow', 'whole.arrow'])
})

it('a model that is named by a file URL is the file: computed with, named, and kept from being the output', async () => {
  const { path: cwd, names } = folder({ 'a.fa': '>one\nACGTACGTAAGTACGT\n', 'm.safetensors': readFileSync(model) })
  const given = pathToFileURL(join(cwd, 'm.safetensors')).href
  const run = ['predict', 'a.fa', '--device', 'cpu', '--threads', '1']
  expect(await runProgram([...run, '-m', given, '-o', 'url.arrow'], { cwd })).toMatchObject({ code: 0 })
  expect(await runProgram([...run, '-m', join(cwd, 'm.safetensors'), '-o', 'path.arrow'], { cwd })).toMatchObject({
    code: 0,
  })
  expect(readFileSync(join(cwd, 'url.arrow')).equals(readFileSync(join(cwd, 'path.arrow')))).toBe(true)
  const { stdout } = await runProgram(['info', 'url.arrow'], { cwd })
  expect(String(stdout)).toContain('command:     genoconv predict a.fa --model m.safetensors --threads 1')
  const onto = await runProgram([...run, '-m', given, '-o', 'm.safetensors', '--format', 'arrow'], { cwd })
  expect(onto.code).toBe(2)
  expect(onto.stderr).toContain('the output is an input')
  expect(readFileSync(join(cwd, 'm.safetensors')).equals(readFileSync(model))).toBe(true)
  expect(names()).toEqual(['a.fa', 'm.safetensors', 'path.arrow', 'url.arrow'])
})
