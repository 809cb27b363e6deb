import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FormatError } from '../../../src/errors.ts'
import { indexGenome } from '../../../pipelines/index-genome.ts'
import { readFileSync, rmSync } from 'node:fs'
import { openGenome } from '../../../src/io/fasta/open-genome.ts'
import { bgzip, readText, recordsOf, temporaryFolder, withGenome } from '../../support/fasta-files.ts'

const folder = temporaryFolder()
const sequence = Array.from({ length: 40_000 }, (_, i) => 'ACGT'[(i * i + (i >> 5)) % 4]).join('')
const fasta = `>a\n${sequence.replace(/.{80}/g, '$&\n')}>b x\nGGCC\n`

/** What the server does instead of answering rightly; gets the request's number (from 0). */
type Behaviour = (request: IncomingMessage, response: ServerResponse, number: number) => boolean
let server: Server
let base = ''
let misbehave: Behaviour = () => false
let requests: string[] = []
const files = new Map<string, Uint8Array>()

beforeAll(async () => {
  for (const [name, content] of [
    ['g.fa', Buffer.from(fasta)],
    ['g.fa.gz', bgzip(fasta, 3000)],
  ] as const) {
    const path = folder.write(name, content)
    await indexGenome(path)
    files.set(name, content)
    for (const suffix of name === 'g.fa' ? ['.fai'] : ['.fai', '.gzi']) {
      files.set(name + suffix, readFileSync(path + suffix))
      rmSync(path + suffix)
    }
  }
  files.set('lonely.fa', Buffer.from(fasta))
  files.set('stale.fa', Buffer.from(fasta))
  files.set('stale.fa.fai', Buffer.from('a\t39000\t3\t80\t81\nb\t4\t40508\t4\t5\n'))
  files.set('empty.fa', new Uint8Array(0))
  server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? '-'}`)
    if (!misbehave(request, response, requests.length - 1)) answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  misbehave = () => false
  requests = []
})

function answer(request: IncomingMessage, response: ServerResponse): void {
  const file = files.get(new URL(request.url ?? '', base).pathname.slice(1))
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  if (!file) return void response.writeHead(404).end('none')
  if (!range) return void response.writeHead(200).end(file)
  const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, file.length)]
  if (start >= file.length) return void response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end()
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end - 1}/${file.length}`,
    etag: `"${file.length}"`,
    'content-length': end - start,
  })
  response.end(file.subarray(start, end))
}

describe.each(['g.fa', 'g.fa.gz'])('%s by ranges', (name) => {
  test('regions and records are those of the file', async () => {
    await withGenome(`${base}/${name}?token=1`, async (genome, warnings) => {
      expect(await genome.contigs()).toEqual([
        { name: 'a', length: 40_000 },
        { name: 'b', length: 4 },
      ])
      for (const [start, end] of [
        [0, 1],
        [79, 82],
        [20_000, 22_000],
        [39_999, 40_000],
        [0, 40_000],
      ]) {
        expect(await readText(genome, 'a', start, end)).toBe(sequence.slice(start, end))
      }
      expect(await recordsOf(genome)).toEqual([
        ['a', sequence],
        ['b', 'GGCC'],
      ])
      expect(warnings).toEqual([])
    })
  })

  test('a region of 100 bases costs few bytes', async () => {
    await withGenome(`${base}/${name}`, async (genome) => {
      await genome.contigs()
      await readText(genome, 'a', 100, 200)
      requests = []
      await readText(genome, 'a', 10_000, 10_100)
      const bytes = requests
        .map((line) => /bytes=(\d+)-(\d+)/.exec(line))
        .reduce((sum, match) => sum + Number(match?.[2]) - Number(match?.[1]) + 1, 0)
      expect(requests.length).toBeLessThanOrEqual(1)
      expect(bytes).toBeLessThan(3000)
    })
  })
})

describe('what goes wrong', () => {
  const fails = async (path: string, message: RegExp): Promise<void> => {
    const error = await withGenome(base + path, (genome) => genome.read({ contig: 'a', start: 0, end: 1000 })).catch(
      (reason) => reason,
    )
    expect(error).toBeInstanceOf(FormatError)
    expect(error.message).toMatch(message)
  }

  test('no such file', () => fails('/none.fa', /none\.fa: no such file on the server: .*404/))
  test('an empty file', () => fails('/empty.fa', /empty\.fa: the file is empty/))
  test('no index beside it', () =>
    fails('/lonely.fa', /lonely\.fa: no index beside it: expected .*lonely\.fa\.fai; make it with genoconv index/))
  test('no server', async () => {
    await expect(openGenome('http://127.0.0.1:9/g.fa')).rejects.toThrow(
      /http:\/\/127\.0\.0\.1:9\/g\.fa: cannot be fetched \(.*\)/,
    )
  })
  test('a server that ignores ranges', async () => {
    misbehave = (_, response) => {
      response.writeHead(200).end(files.get('g.fa'))
      return true
    }
    await fails('/g.fa', /g\.fa: the server ignores ranges: expected status 206, got 200; download the file/)
    expect(requests).toHaveLength(1)
  })
  test('a server that answers another range', async () => {
    misbehave = (_, response) => {
      response.writeHead(206, { 'content-range': 'bytes 5-9/100' }).end('ACGTA')
      return true
    }
    await fails('/g.fa', /the server answers ranges wrongly: .*got bytes 5-9\/100/)
  })
  test('a server that refuses', async () => {
    misbehave = (_, response) => {
      response.writeHead(403).end('no')
      return true
    }
    await fails('/g.fa', /the server refused: expected status 206, got 403/)
  })
  test('a file that changes while it is read', async () => {
    misbehave = (request, response, number) => {
      if (number < 3 || request.url !== '/g.fa') return false
      response.writeHead(206, { 'content-range': 'bytes 0-80/40000', etag: '"new"' }).end('A'.repeat(81))
      return true
    }
    await fails('/g.fa', /changed while it was read|answers ranges wrongly/)
  })

  test('bodies cut short and a busy server are tried again', async () => {
    const tried = new Map<string, number>()
    misbehave = (request, response) => {
      const key = `${request.url} ${request.headers.range}`
      const tries = tried.get(key) ?? 0
      tried.set(key, tries + 1)
      if (tries === 2) return false
      if (tries === 0) {
        response.writeHead(503).end()
        return true
      }
      const file = files.get((request.url ?? '').slice(1)) as Uint8Array
      const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') as RegExpExecArray
      const last = Math.min(Number(end), file.length - 1)
      response.writeHead(206, {
        'content-range': `bytes ${start}-${last}/${file.length}`,
        etag: `"${file.length}"`,
        'content-length': last - Number(start) + 1,
      })
      response.write(file.subarray(Number(start), Number(start) + 1))
      setTimeout(() => response.destroy(), 5)
      return true
    }
    await withGenome(`${base}/g.fa`, async (genome) =>
      expect(await readText(genome, 'a', 500, 600)).toBe(sequence.slice(500, 600)),
    )
  })

  test('bodies that are always cut short end in an error', async () => {
    misbehave = (request, response, number) => {
      if (number < 2 || request.url !== '/g.fa') return false
      const [, start] = /bytes=(\d+)-/.exec(request.headers.range ?? '') as RegExpExecArray
      response.writeHead(206, {
        'content-range': `bytes ${start}-${Number(start) + 9}/${files.get('g.fa')?.length}`,
        etag: `"${files.get('g.fa')?.length}"`,
      })
      response.end('ACGTACGTAC'.slice(0, 4))
      return true
    }
    await fails('/g.fa', /range at byte \d+ has a wrong length: expected \d+ bytes, got 4/)
  })

  test('a stale index is replaced by a scan, with a warning', async () => {
    await withGenome(`${base}/stale.fa`, async (genome, warnings) => {
      await expect(genome.read({ contig: 'a', start: 0, end: 40_001 })).rejects.toThrow(/outside contig a/)
      expect(await readText(genome, 'a', 500, 600)).toBe(sequence.slice(500, 600))
      expect(warnings).toEqual([expect.stringMatching(/does not fit the file/)])
      expect(await genome.contigs()).toEqual([
        { name: 'a', length: 40_000 },
        { name: 'b', length: 4 },
      ])
    })
  })

  test('an abort passes through', async () => {
    misbehave = (request) => request.url === '/g.fa.fai' // never answers
    const genome = await openGenome(`${base}/g.fa`)
    await expect(genome.contigs(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})
