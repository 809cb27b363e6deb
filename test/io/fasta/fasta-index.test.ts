import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { indexGenome } from '../../../pipelines/index-genome.ts'
import { ConfigError, FormatError } from '../../../src/errors.ts'
import { buildIndex } from '../../../src/io/fasta/write-index.ts'
import { bgzip, readText, recordsOf, temporaryFolder, withGenome } from '../../support/fasta-files.ts'

const folder = temporaryFolder()
const fasta = '>one first\nACGTAC\nGTTT\n>two\nGGGGGG\nCCCCCC\nAA\n>three\nTTTT\n'
const records: [string, string][] = [
  ['one', 'ACGTACGTTT'],
  ['two', 'GGGGGGCCCCCCAA'],
  ['three', 'TTTT'],
]

async function expectRight(path: string, expected = records): Promise<string[]> {
  return withGenome(path, async (genome, warnings) => {
    expect(await genome.contigs()).toEqual(expected.map(([name, bases]) => ({ name, length: bases.length })))
    for (const [name, bases] of expected) {
      for (let start = 0; start < bases.length; start++)
        expect(await readText(genome, name, start, bases.length)).toBe(bases.slice(start))
    }
    return warnings
  })
}

test('the index of a small file, written out', async () => {
  const path = folder.write('small.fa', '>a x\r\nACGT\r\nAC\r\n>none\r\n>b\r\nA')
  expect((await buildIndex(path)).fai).toBe('a\t6\t6\t4\t6\nb\t1\t27\t1\t2\n')
  expect(await indexGenome(path)).toEqual([`${path}.fai`])
})

test('an index that fits is used without a warning; nothing but the index files appears', async () => {
  for (const [name, content] of [
    ['fit.fa', Buffer.from(fasta)],
    ['fit.fa.gz', bgzip(fasta, 7)],
  ] as const) {
    const path = folder.write(name, content)
    expect(await indexGenome(path)).toEqual(name.endsWith('.gz') ? [`${path}.gzi`, `${path}.fai`] : [`${path}.fai`])
    expect(await expectRight(path)).toEqual([])
  }
  expect(readdirSync(folder.path).filter((name) => name.endsWith('.partial'))).toEqual([])
})

describe('a stale index is found, replaced in memory, and warned of', () => {
  const fai = 'one\t10\t11\t6\t7\ntwo\t14\t28\t6\t7\nthree\t4\t52\t4\t5\n'
  test('the index this describes is the right one', async () => {
    expect((await buildIndex(folder.write('right.fa', fasta))).fai).toBe(fai)
  })
  const wrong: Record<string, string> = {
    'a length too small': fai.replace('one\t10', 'one\t9'),
    'a length too large': fai.replace('two\t14', 'two\t15'),
    'the last length too small': fai.replace('three\t4', 'three\t3'),
    'the last length too large': fai.replace('three\t4\t52\t4\t5', 'three\t9\t52\t9\t10'),
    'an offset too small': fai.replace('\t28\t', '\t27\t'),
    'an offset too large': fai.replace('\t28\t', '\t29\t'),
    'line bases': fai.replace('two\t14\t28\t6\t7', 'two\t14\t28\t7\t8'),
    'line bytes': fai.replace('two\t14\t28\t6\t7', 'two\t14\t28\t6\t8'),
    'a name': fai.replace('two', 'tw0'),
    'a missing record': fai.replace(/two.*\n/, ''),
    'a missing last record': fai.replace(/three.*\n/, ''),
    'a record too many': `${fai}four\t4\t60\t4\t5\n`,
    'another order': fai.split('\n').slice(0, 3).reverse().join('\n'),
    'a name twice': fai.replace('two', 'one'),
    'four columns': fai.replace('\t7\n', '\n'),
    'no numbers': fai.replace('28', 'x'),
    'a huge number': fai.replace('28', '99999999999999999999'),
    'line bases of zero': fai.replace('\t4\t5\n', '\t0\t0\n'),
    empty: '',
    'not an index': fasta,
    binary: '\0\x01\xff\xfe',
  }
  for (const [title, content] of Object.entries(wrong)) {
    test.each(['plain', 'bgzf'])(`${title} (%s)`, async (packing) => {
      const path = folder.write(`stale.${packing}`, packing === 'plain' ? fasta : bgzip(fasta, 9))
      if (packing === 'bgzf') await indexGenome(path)
      writeFileSync(`${path}.fai`, content)
      expect(await expectRight(path)).toEqual([
        expect.stringMatching(
          /stale\.\w+\.fai: the index does not fit the file \(.*\), so one is built in memory; renew it with genoconv index/,
        ),
      ])
    })
  }

  test('an index older than its file, even if it fits', async () => {
    const path = folder.write('old.fa', fasta)
    await indexGenome(path)
    utimesSync(`${path}.fai`, new Date(1e12), new Date(1e12))
    expect(await expectRight(path)).toEqual([expect.stringMatching(/\.fai is older than the file/)])
  })

  test('a file that was edited after it was indexed', async () => {
    const path = folder.write('edited.fa', fasta)
    await indexGenome(path)
    writeFileSync(path, fasta.replace('GTTT', 'GTTTA'))
    const edited = records.map(([name, bases]): [string, string] => [name, name === 'one' ? bases + 'A' : bases])
    expect(await expectRight(path, edited)).toEqual([expect.stringMatching(/does not fit the file/)])
  })

  test('an edit that keeps all sizes but not the lines, between the places looked at first: found when it is read', async () => {
    const line = `${'ACGTN'.repeat(12)}\n`
    const path = folder.write('middle.fa', `>a\n${line.repeat(1000)}`)
    await indexGenome(path)
    const bytes = readFileSync(path)
    // Line 300 gets two bases less, line 301 two more.
    const [from, to] = [3 + 299 * 61, 3 + 301 * 61]
    const moved = Buffer.from(
      bytes
        .subarray(from, to)
        .toString()
        .replace('\n', '')
        .replace(/^(.{58})/, '$1\n'),
    )
    bytes.set(moved, from)
    writeFileSync(path, bytes)
    utimesSync(path, 1e9, 1e9) // older than its index
    await withGenome(path, async (genome, warnings) => {
      const whole = line.trim().repeat(1000)
      expect(await readText(genome, 'a', 100, 300)).toBe(whole.slice(100, 300))
      expect(warnings).toEqual([])
      expect(await readText(genome, 'a', 17_900, 18_200)).toBe(whole.slice(17_900, 18_200))
      const both = await Promise.all([readText(genome, 'a', 0, 60_000), readText(genome, 'a', 17_000, 19_000)])
      expect(both).toEqual([whole, whole.slice(17_000, 19_000)])
      expect(warnings.join()).toMatch(/no line end|no base at/)
    })
  })

  const gziOf = (change: (bytes: Buffer) => Buffer): void => {
    const path = folder.write('gzi.fa.gz', bgzip(fasta, 9))
    writeFileSync(`${path}.gzi`, change(readFileSync(`${path}.gzi`)))
  }
  const wrongGzi: Record<string, (bytes: Buffer) => Buffer> = {
    empty: () => Buffer.alloc(0),
    'cut off': (bytes) => bytes.subarray(0, -3),
    'a count too large': (bytes) =>
      Buffer.concat([Buffer.from([255, 255, 255, 255, 255, 255, 255, 127]), bytes.subarray(8)]),
    'a compressed offset': (bytes) => {
      bytes[24] += 1
      return bytes
    },
    'a data offset': (bytes) => {
      bytes[32] += 1
      return bytes
    },
    'entries beyond the file': (bytes) => {
      bytes.writeBigUInt64LE(123_456_789n, bytes.length - 16)
      return bytes
    },
    'offsets that do not ascend': (bytes) => {
      bytes.copy(bytes, 8, 24, 40)
      return bytes
    },
  }
  for (const [title, change] of Object.entries(wrongGzi)) {
    test(`.gzi: ${title}`, async () => {
      const path = folder.write('gzi.fa.gz', bgzip(fasta, 9))
      await indexGenome(path)
      gziOf(change)
      expect(await expectRight(path)).toEqual([expect.stringMatching(/does not fit the file/)])
    })
  }
})

test('a folder in the place of an index is passed over with a warning; a file URL is read by it too', async () => {
  const path = folder.write('folder.fa', fasta)
  mkdirSync(`${path}.fai`)
  expect(await expectRight(path)).toEqual([expect.stringMatching(/folder\.fa\.fai: is a folder/)])
  expect(await expectRight(String(pathToFileURL(path)))).toHaveLength(1)
})

test('with a .fai but no .gzi, the table of blocks is made in memory', async () => {
  const path = folder.write('half.fa.gz', bgzip(fasta, 9))
  writeFileSync(`${path}.fai`, (await buildIndex(path)).fai)
  expect(await expectRight(path)).toEqual([])
})

test('offsets count a byte-order mark, as in an index that samtools reads by', async () => {
  const marked = `\ufeff${fasta}`
  expect((await buildIndex(folder.write('marked.fa', marked))).fai).toMatch(/^one\t10\t14\t6\t7\n/)
  for (const content of [Buffer.from(marked), bgzip(marked, 7)]) {
    const path = folder.write('marked.fa', content)
    await indexGenome(path)
    expect(await expectRight(path)).toEqual([])
  }
})

test('of thousands of records without bases three are named, the others counted, once', async () => {
  const path = folder.write('empties.fa', `${Array.from({ length: 3057 }, (_, i) => `>e${i}\n`).join('')}>a\nAC\n`)
  const expected = [
    ...['e0', 'e1', 'e2'].map((name) => `${path}: record ${name} has no bases, so it has no rows`),
    `${path}: 3,054 more records have no bases`,
  ]
  for (const isIndexed of [false, true]) {
    await withGenome(path, async (genome, warnings) => {
      expect(await genome.contigs()).toHaveLength(3058)
      expect(await recordsOf(genome)).toHaveLength(3058)
      expect(warnings).toEqual(expected)
    })
    if (!isIndexed) await indexGenome(path)
  }
})

test('records without bases that an index leaves out are listed all the same', async () => {
  const path = folder.write('gaps.fa', '>none\n>a\nAC\n>nil x\n\n>b\nGG\n>end\n')
  await indexGenome(path)
  await withGenome(path, async (genome, warnings) => {
    expect((await genome.contigs()).map(({ name, length }) => [name, length])).toEqual(
      (await recordsOf(genome)).map(([name, bases]) => [name, bases.length]),
    )
    expect(warnings).toHaveLength(3)
  })
})

test('a stale index of a file with duplicate names leads to the error that names both lines', async () => {
  const path = folder.write('twice.fa', '>a\nACGT\n>a\nGG\n')
  writeFileSync(`${path}.fai`, 'a\t4\t3\t4\t5\n') // as samtools writes it, with a warning
  await expect(withGenome(path, (genome) => genome.contigs())).rejects.toThrow(
    /line 3: duplicate record name a: .*line 1/,
  )
})

describe('what cannot be indexed', () => {
  const cases: Record<string, { content: string | Uint8Array; message: RegExp }> = {
    'uneven lines': {
      content: '>a\nAC\n>b\nAC\nACG\n',
      message: /no\.fa line 5: record b has lines of uneven length, so it cannot be indexed: expected 2/,
    },
    'a blank line inside': { content: '>a\nAC\n\nAC\n', message: /no\.fa line 4/ },
    'plain gzip': {
      content: gzipSync('>a\nAC\n'),
      message: /no\.fa: plain gzip has no random access: expected BGZF; recompress it: .*bgzip/,
    },
    'no bases at all': { content: '>a\n>b\n', message: /no\.fa: no record has bases/ },
    'duplicate names': { content: '>a\nAC\n>a\nAC\n', message: /no\.fa line 3: duplicate record name a/ },
  }
  for (const [title, { content, message }] of Object.entries(cases)) {
    test(title, async () => {
      const path = folder.write('no.fa', content)
      const error = await indexGenome(path).catch((reason) => reason)
      expect(error).toBeInstanceOf(FormatError)
      expect(error.message).toMatch(message)
      expect(existsSync(`${path}.fai`)).toBe(false)
    })
  }
  test('a stream, a URL', async () => {
    await expect(indexGenome('-')).rejects.toBeInstanceOf(ConfigError)
    await expect(indexGenome('http://127.0.0.1/x.fa')).rejects.toBeInstanceOf(ConfigError)
  })
})
