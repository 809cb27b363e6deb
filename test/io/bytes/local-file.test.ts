import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ConfigError, FormatError } from '../../../src/errors.ts'
import { hashFile } from '../../../src/io/bytes/file-hash.ts'
import { identifyInput } from '../../../src/io/bytes/input-identity.ts'
import { openLocalFile, standardInput } from '../../../src/io/bytes/local-file.ts'
import { localPath } from '../../../src/io/bytes/local-path.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'

const folder = temporaryFolder()
const makePipe = (name: string): string => {
  const path = join(folder.path, name)
  if (spawnSync('mkfifo', [path]).status !== 0) throw new Error('mkfifo failed')
  return path
}

async function allOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all).toString()
}

describe('names of local files', () => {
  test('a file URL is the path it names; everything else stays as it is', () => {
    const path = join(folder.path, 'with blank é%.fa')
    expect(localPath(pathToFileURL(path))).toBe(path)
    expect(localPath(String(pathToFileURL(path)).replace('file', 'FILE'))).toBe(path)
    for (const name of ['a.fa', '-', '/x/y', 'file:x', 'https://host/x.fa']) expect(localPath(name)).toBe(name)
    expect(() => localPath('file://elsewhere/x.fa')).toThrow(ConfigError)
  })

  test('one file has one identity, by path or by URL', async () => {
    const path = folder.write('one.fa', '>a\nACGT\n')
    expect(await identifyInput(String(pathToFileURL(path)))).toEqual(await identifyInput(path))
  })
})

describe('pipes', () => {
  test('opening and reading one without a writer can be aborted', async () => {
    const source = await openLocalFile(makePipe('silent'))
    const abort = new AbortController()
    const reading = allOf(source.stream(abort.signal))
    setTimeout(() => abort.abort(new Error('stop')), 20)
    await expect(reading).rejects.toThrow('stop')
    await source.close()
    await expect(allOf(source.stream())).rejects.toThrow(/only once/)
  })

  test('an abort between two writes of a slow writer', async () => {
    const path = makePipe('slow')
    const writer = spawn('sh', ['-c', `exec > '${path}'; echo begin; exec sleep 600`])
    const source = await openLocalFile(path)
    const abort = new AbortController()
    const reading = (async () => {
      for await (const _ of source.stream(abort.signal)) abort.abort(new Error('stop'))
    })()
    await expect(reading).rejects.toThrow('stop')
    await source.close()
    writer.kill()
  })

  test('a writer that comes late, and stops in between, is read to its end', async () => {
    const path = makePipe('late')
    const source = await openLocalFile(path)
    const reading = allOf(source.stream())
    spawn('sh', ['-c', `sleep 0.05; exec > '${path}'; echo one; sleep 0.05; seq 100000; echo end`])
    const lines = (await reading).split('\n')
    expect([lines.length, lines[0], lines[100_000], lines[100_001]]).toEqual([100_003, 'one', '100000', 'end'])
    await source.close()
  })

  test('standard input that stays silent can be aborted', async () => {
    const abort = new AbortController()
    const reading = allOf(standardInput(new PassThrough()).stream(abort.signal))
    abort.abort(new Error('stop'))
    await expect(reading).rejects.toThrow('stop')
  })

  test('no pipe is hashed: its bytes would be missing where they are read', async () => {
    const path = makePipe('not-hashed')
    for (const action of [hashFile, identifyInput])
      await expect(action(path)).rejects.toThrow(/not-hashed: is read once only: expected a regular file/)
  })
})

describe('few files are open at a time', () => {
  const openDescriptors = (): number => readdirSync('/proc/self/fd').length

  test.skipIf(process.platform !== 'linux')('a hundred inputs hold eight; all of them can still be read', async () => {
    const before = openDescriptors()
    const sources = []
    for (let i = 0; i < 100; i++) sources.push(await openLocalFile(folder.write(`${i}.fa`, `>${i}\nACGT\n`)))
    expect(openDescriptors() - before).toBeLessThanOrEqual(8)
    const texts = await Promise.all(sources.map((source) => source.read(100, 0)))
    expect(texts.map((bytes) => Buffer.from(bytes).toString())).toEqual(sources.map((_, i) => `>${i}\nACGT\n`))
    for (const source of sources) await source.close()
    expect(openDescriptors() - before).toBeLessThanOrEqual(0)
  })

  test('a file that is another one when it is opened again', async () => {
    const paths = Array.from({ length: 10 }, (_, i) => folder.write(`again${i}.fa`, `>${i}\nACGT\n`))
    const sources = []
    for (const path of paths) sources.push(await openLocalFile(path))
    appendFileSync(paths[0], 'ACGT\n')
    await expect(sources[0].read(5, 0)).rejects.toThrow(/again0\.fa: changed while it was read/)
    rmSync(paths[1])
    for (const source of sources.slice(2)) await source.read(1, 0)
    await expect(sources[1].read(5, 0)).rejects.toBeInstanceOf(FormatError)
    for (const source of sources) await source.close()
  })

  test('a read that was begun ends well when the file is closed under it', async () => {
    const path = folder.write('closed.fa', 'x'.repeat(3_000_000))
    renameSync(folder.write('other.fa', 'y'.repeat(3_000_000)), join(folder.path, 'moved.fa'))
    const source = await openLocalFile(path)
    const reading = source.read(3_000_000, 0)
    await source.close()
    const other = await openLocalFile(join(folder.path, 'moved.fa'))
    expect(new Set(await reading)).toEqual(new Set(Buffer.from('x')))
    await other.close()
    await expect(source.read(1, 0)).rejects.toThrow(/closed/)
  })
})
