import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { FormatError, LimitError, RegionError } from '../../../src/errors.ts'
import { openGenome } from '../../../src/io/fasta/open-genome.ts'
import { bgzip, readText, recordsOf, temporaryFolder, withGenome } from '../../support/fasta-files.ts'

const folder = temporaryFolder()

describe('what is read, by record and by region, from every packing', () => {
  const cases: Record<string, { fasta: string; records: [string, string][]; warning?: RegExp }> = {
    'case is kept, names end at the first blank': {
      fasta: '>chr1 a description\nACGTacgt\nNNrykm\n>chr2\tmore\nUu\n',
      records: [
        ['chr1', 'ACGTacgtNNrykm'],
        ['chr2', 'Uu'],
      ],
    },
    'CRLF line ends': {
      fasta: '>a x\r\nACGT\r\nAC\r\n\r\n>b\r\nTT\r\n',
      records: [
        ['a', 'ACGTAC'],
        ['b', 'TT'],
      ],
    },
    'blank lines before, between and at the end': {
      fasta: '\n\n>a\nACGT\nAC\n\n\n>b\nGG\n\n',
      records: [
        ['a', 'ACGTAC'],
        ['b', 'GG'],
      ],
    },
    'a blank line inside a record': {
      fasta: '>a\nACGT\n\nTTTT\nA\n',
      records: [['a', 'ACGTTTTTA']],
      warning: /uneven/,
    },
    'a blank line before the first base': { fasta: '>a\n\nACGT\nAC\n', records: [['a', 'ACGTAC']] },
    'no final newline': { fasta: '>a\nACGT\nAC', records: [['a', 'ACGTAC']] },
    'a single line without newline': { fasta: '>a\nACGT', records: [['a', 'ACGT']] },
    'lines of uneven length': {
      fasta: '>a\nAC\nACGTT\nA\n>b\nTTT\nTT\n',
      records: [
        ['a', 'ACACGTTA'],
        ['b', 'TTTTT'],
      ],
      warning: /uneven/,
    },
    'a last line longer than the others': { fasta: '>a\nAC\nACG\n', records: [['a', 'ACACG']], warning: /uneven/ },
    'blanks around and inside lines': { fasta: '>a\n ACGT\nAC GT \n', records: [['a', 'ACGTACGT']], warning: /uneven/ },
    'blanks at the end of every line': { fasta: '>a\nACGT \nACGT \nA\n', records: [['a', 'ACGTACGTA']] },
    'one line that ends in another way': {
      fasta: '>a\nACGT\r\nACGT\nAC\n',
      records: [['a', 'ACGTACGTAC']],
      warning: /uneven/,
    },
    'names that JavaScript objects have': {
      fasta: '>constructor\nAC\n>__proto__\nGT\n>toString\nTT\n',
      records: [
        ['constructor', 'AC'],
        ['__proto__', 'GT'],
        ['toString', 'TT'],
      ],
    },
    'names with colon, dash, UTF-8': {
      fasta: '>20:1-5\nAC\n>é|x\nGT\n',
      records: [
        ['20:1-5', 'AC'],
        ['é|x', 'GT'],
      ],
    },
    'a blank after ">"': { fasta: '>  a b\nAC\n', records: [['a', 'AC']] },
    'a record without a name, as samtools reads it': {
      fasta: '>\nACGT\n>b\nAC\n',
      records: [
        ['', 'ACGT'],
        ['b', 'AC'],
      ],
    },
    'a byte-order mark': {
      fasta: '\ufeff>a\nACGT\nGG\n>b\nCC\n',
      records: [
        ['a', 'ACGTGG'],
        ['b', 'CC'],
      ],
    },
    'records without bases': {
      fasta: '>none\n>a\nAC\n>last\n\n',
      records: [
        ['none', ''],
        ['a', 'AC'],
        ['last', ''],
      ],
      warning: /record none has no bases/,
    },
    'a header at the end of the file': {
      fasta: '>a\nAC\n>b',
      records: [
        ['a', 'AC'],
        ['b', ''],
      ],
      warning: /record b has no bases/,
    },
  }
  const packings: Record<string, (fasta: string) => Uint8Array> = {
    plain: (fasta) => Buffer.from(fasta),
    gzip: (fasta) => gzipSync(fasta),
    'gzip of two members': (fasta) => Buffer.concat([gzipSync(fasta.slice(0, 7)), gzipSync(fasta.slice(7))]),
    bgzf: (fasta) => bgzip(fasta, 5),
  }
  for (const [title, { fasta, records, warning }] of Object.entries(cases)) {
    test.each(Object.keys(packings))(`${title} (%s)`, async (packing) => {
      await withGenome(folder.write('case.fa', packings[packing](fasta)), async (genome, warnings) => {
        for (const chunkBases of [1, 2, 3, 1000]) expect(await recordsOf(genome, chunkBases)).toEqual(records)
        expect(await genome.contigs()).toEqual(records.map(([name, bases]) => ({ name, length: bases.length })))
        for (const [name, bases] of records) {
          for (let start = 0; start < bases.length; start++) {
            for (let end = start; end <= bases.length; end++)
              expect(await readText(genome, name, start, end)).toBe(bases.slice(start, end))
          }
        }
        if (packing.startsWith('gzip')) expect(warnings.join()).toMatch(/plain gzip has no random access/)
        else if (warning) expect(warnings.join()).toMatch(warning)
        else if (packing === 'plain') expect(warnings).toEqual([])
        expect(new Set(warnings).size).toBe(warnings.length)
      })
    })
  }
})

test('a Blob is read as a file is', async () => {
  for (const content of [
    '>a\nACGT\nAC\n>b\nGG\n',
    bgzip('>a\nACGT\nAC\n>b\nGG\n', 4),
    gzipSync('>a\nACGT\nAC\n>b\nGG\n'),
  ]) {
    await withGenome(new Blob([content as BlobPart]), async (genome) => {
      expect(await recordsOf(genome)).toEqual([
        ['a', 'ACGTAC'],
        ['b', 'GG'],
      ])
      expect(await readText(genome, 'a', 3, 5)).toBe('TA')
    })
  }
})

describe('what is refused', () => {
  const cases: Record<string, { content: string | Uint8Array; message: RegExp }> = {
    empty: { content: '', message: /bad\.fa: the file is empty/ },
    'only blank lines': { content: '\n \r\n\n', message: /bad\.fa: there is no record: expected FASTA records/ },
    'an empty BGZF': { content: bgzip(''), message: /bad\.fa: the file is empty/ },
    'text first': {
      content: 'ACGT\n',
      message: /bad\.fa line 1: text before the first record: expected a header line ">name", got "A"/,
    },
    FASTQ: { content: '@r\nACGT\n+\nIIII\n', message: /bad\.fa line 1: this looks like FASTQ/ },
    'binary junk': {
      content: Uint8Array.of(0, 1, 2, 3, 255, 254),
      message: /bad\.fa line 1: binary data, not FASTA: .*got byte 0x00/,
    },
    'binary junk after ">"': {
      content: Uint8Array.of(62, 0, 1, 2, 255, 10),
      message: /bad\.fa line 1: the record name is not text/,
    },
    'a name that is not UTF-8': {
      content: Uint8Array.of(62, 255, 254, 10, 65, 10),
      message: /bad\.fa line 1: the record name is not valid UTF-8/,
    },
    bzip2: { content: 'BZh91AY', message: /bad\.fa: unknown packing: .*got bzip2; unpack/ },
    zstd: { content: Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0), message: /got zstd/ },
    'a letter that is no base': {
      content: '>a\nACGT\n>chr2 x\nACGT\nACJT\n',
      message: /bad\.fa line 5, record chr2, position 6: not a base: expected .*, got "J"/,
    },
    'a byte-order mark cut short': { content: Uint8Array.of(0xef, 0xbb, 62, 97, 10, 65), message: /binary data.*0xef/ },
    'nothing behind a byte-order mark': { content: '\ufeff', message: /bad\.fa: there is no record/ },
    'a byte-order mark in the middle': { content: '>a\nAC\n\ufeff>b\nAC\n', message: /line 3.*not a base.*0xef/ },
    'a gap sign': { content: '>a\nAC-GT\n', message: /line 2, record a, position 2: not a base: .*got "-"/ },
    'a protein': { content: '>p\nMKLV\nPEEF\n', message: /line 2, record p, position 2: not a base: .*got "L"/ },
    '">" inside a line': {
      content: '>a\nAC>GT\n',
      message: /line 2, record a, position 2: ">" inside a sequence line/,
    },
    'old Macintosh line ends': { content: '>a\rACGT\rAC\r', message: /line 1: carriage return inside a line/ },
    'a carriage return inside a line': { content: '>a\nAC\rGT\n', message: /line 2: carriage return inside a line/ },
    'duplicate names': {
      content: '>a\nACGT\n>b\nA\n>a x\nGG\n',
      message: /bad\.fa line 5: duplicate record name a: expected every name once, got it stands in line 1 too/,
    },
    'duplicate names, one empty': { content: '>a\n>a\nGG\n', message: /line 2: duplicate record name a: .*line 1/ },
    'a name without end': { content: '>' + 'x'.repeat(70_000), message: /line 1: the record name is too long/ },
  }
  for (const [title, { content, message }] of Object.entries(cases)) {
    test(title, async () => {
      const path = folder.write('bad.fa', content)
      for (const use of ['contigs', 'chunks'] as const) {
        const error = await withGenome<unknown>(
          path,
          (genome) => (use === 'contigs' ? genome.contigs() : recordsOf(genome)) as Promise<unknown>,
        ).then(
          () => undefined,
          (reason: Error) => reason,
        )
        expect(error).toBeInstanceOf(FormatError)
        expect(error?.message).toMatch(message)
        expect(error?.message.split('\n')).toHaveLength(1)
      }
    })
  }

  test('a missing file, a folder', async () => {
    await expect(openGenome(join(folder.path, 'none.fa'))).rejects.toThrow(/none\.fa: no such file/)
    mkdirSync(join(folder.path, 'dir.fa'))
    await expect(openGenome(join(folder.path, 'dir.fa'))).rejects.toThrow(/dir\.fa: is a folder: expected a file/)
    await expect(openGenome(join(folder.path, 'case.fa', 'x'))).rejects.toBeInstanceOf(FormatError)
  })

  test('regions that the file does not have', async () => {
    await withGenome(folder.write('ok.fa', '>a\nACGT\n>b\nAC\n'), async (genome) => {
      const read = (contig: string, start: number, end: number): Promise<Uint8Array> =>
        genome.read({ contig, start, end })
      await expect(read('c', 0, 1)).rejects.toThrow(
        /c:0-1: no contig of that name in .*ok\.fa: expected one of a, b, got c/,
      )
      for (const [start, end] of [
        [0, 5],
        [-1, 2],
        [3, 2],
        [0.5, 1],
        [0, Number.NaN],
      ]) {
        await expect(read('a', start, end)).rejects.toBeInstanceOf(RegionError)
        await expect(read('a', start, end)).rejects.toThrow(/outside contig a .*<= 4/)
      }
    })
  })
})

test('records too large to hold are refused with the number of bytes; those that fit are read in turn', async () => {
  const path = folder.write('held.fa.gz', gzipSync('>a\nACGTAC\n>b\nTTTT\n>c\nGG\n>long\nAAAAAAAAA\n'))
  const genome = await openGenome(path, { maxHeldBytes: 8 })
  expect(await readText(genome, 'c', 0, 2)).toBe('GG')
  expect(await readText(genome, 'a', 1, 3)).toBe('CG')
  expect(
    await Promise.all([readText(genome, 'b', 0, 4), readText(genome, 'c', 1, 2), readText(genome, 'a', 5, 6)]),
  ).toEqual(['TTTT', 'G', 'C'])
  const error = await genome.read({ contig: 'long', start: 0, end: 1 }).catch((reason) => reason)
  expect(error).toBeInstanceOf(LimitError)
  expect(error.neededBytes).toBe(9)
  expect(error.message).toMatch(/bgzip/)
  await genome.close()
})

test('an abort stops reading and passes through unwrapped', async () => {
  const path = folder.write('long.fa', `>a\n${'ACGTACGT\n'.repeat(400_000)}`)
  await withGenome(path, async (genome) => {
    const controller = new AbortController()
    const reading = (async () => {
      for await (const _ of genome.chunks({ chunkBases: 1000, signal: controller.signal }))
        controller.abort(new Error('stop'))
    })()
    await expect(reading).rejects.toThrow('stop')
    await expect(genome.contigs(AbortSignal.abort(new Error('no')))).rejects.toThrow('no')
    // and the next call is not spoilt by it
    expect(await genome.contigs()).toEqual([{ name: 'a', length: 3_200_000 }])
  })
})
