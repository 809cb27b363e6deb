import { writeFileSync, utimesSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { gzipSync } from 'node:zlib'
import { FormatError } from '../../../src/errors.ts'
import { crc32 } from '../../../src/crc32.ts'
import type { Genome } from '../../../src/genome.ts'
import { writeIndex } from '../../../src/io/fasta/write-index.ts'
import {
  bgzfBlock,
  bgzfEnd,
  bgzip,
  readText,
  recordsOf,
  temporaryFolder,
  withGenome,
} from '../../support/fasta-files.ts'

const folder = temporaryFolder()
const sequence = Array.from({ length: 5000 }, (_, i) => 'ACGTN'[(i * i + (i >> 3)) % 5]).join('')
const fasta = `>a\n${sequence.replace(/.{50}/g, '$&\n')}>b\nACGT\n`
const blockBytes = 700

/** Start of each block of `file`. */
function blockOffsets(file: Uint8Array): number[] {
  const offsets: number[] = []
  for (let at = 0; at < file.length; at += Buffer.from(file).readUInt16LE(at + 16) + 1) offsets.push(at)
  return offsets
}

/** Reads `path` in order and by region; both must give the error. */
async function failures(path: string): Promise<unknown[]> {
  const attempt = (use: (genome: Genome) => Promise<unknown>): Promise<unknown> =>
    withGenome(path, use).then(
      () => 'no error',
      (error) => error,
    )
  return [
    await attempt((genome) => recordsOf(genome)),
    await attempt((genome) => genome.read({ contig: 'a', start: 0, end: 5000 })),
  ]
}

test('CRC-32 of the standard check value, and of every length to 20', () => {
  expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
  for (let length = 0; length < 20; length++) {
    const data = Uint8Array.from({ length }, (_, i) => 250 + i * 7)
    expect(crc32(data)).toBe(Buffer.from(gzipSync(data)).readUInt32LE(gzipSync(data).length - 8))
  }
})

describe.each([false, true])('a damaged BGZF gives its compressed offset (with index: %s)', (isIndexed) => {
  const damaged = async (
    name: string,
    damage: (file: Uint8Array, offsets: number[]) => Uint8Array,
  ): Promise<string> => {
    const file = bgzip(fasta, blockBytes)
    const path = folder.write(`${name}.fa.gz`, file)
    if (isIndexed) await writeIndex(path)
    writeFileSync(path, damage(Uint8Array.from(file), blockOffsets(file)))
    return path
  }
  const expectAll = async (path: string, message: RegExp): Promise<void> => {
    for (const error of await failures(path)) {
      expect(error).toBeInstanceOf(FormatError)
      expect((error as Error).message).toMatch(message)
    }
  }

  test('a bad CRC', async () => {
    let offset = 0
    const path = await damaged(`crc${isIndexed}`, (file, offsets) => {
      offset = offsets[3]
      file[offsets[4] - 8] ^= 1
      return file
    })
    await expectAll(
      path,
      new RegExp(
        `at compressed offset ${offset}: corrupt BGZF block: expected CRC-32 \\w+, got \\w+; get the file again`,
      ),
    )
  })

  test('a wrong data size', async () => {
    let offset = 0
    const path = await damaged(`isize${isIndexed}`, (file, offsets) => {
      offset = offsets[2]
      file[offsets[3] - 4] ^= 1
      return file
    })
    await expectAll(path, new RegExp(`at compressed offset ${offset}: corrupt BGZF block: expected`))
  })

  test('damaged deflate data', async () => {
    let offset = 0
    const path = await damaged(`deflate${isIndexed}`, (file, offsets) => {
      offset = offsets[4]
      file.fill(0xff, offset + 18, offset + 60)
      return file
    })
    await expectAll(path, new RegExp(`at compressed offset ${offset}: corrupt BGZF block`))
  })

  test('no block header where one must be', async () => {
    let offset = 0
    const path = await damaged(`header${isIndexed}`, (file, offsets) => {
      offset = offsets[5]
      file[offset + 1] = 0
      return file
    })
    await expectAll(
      path,
      new RegExp(`at compressed offset ${offset}: corrupt BGZF: expected a block header, got bytes 1f 00 08 04`),
    )
  })

  test('cut off inside a block', async () => {
    let offset = 0
    const path = await damaged(`cut${isIndexed}`, (file, offsets) => {
      offset = offsets[5]
      return file.subarray(0, offset + 40)
    })
    await expectAll(
      path,
      new RegExp(
        `at compressed offset ${offset}: truncated BGZF: expected a block of \\d+ bytes, got the end of the file after 40 bytes`,
      ),
    )
  })

  test('cut off inside a block header', async () => {
    let offset = 0
    const path = await damaged(`cuthead${isIndexed}`, (file, offsets) => {
      offset = offsets[5]
      return file.subarray(0, offset + 7)
    })
    await expectAll(path, new RegExp(`at compressed offset ${offset}: truncated BGZF`))
  })

  test('junk after the last block', async () => {
    const path = await damaged(`junk${isIndexed}`, (file) =>
      Buffer.concat([file, Buffer.from('this is no BGZF block at all')]),
    )
    await expectAll(path, /at compressed offset \d+: corrupt BGZF: expected a block header, got bytes 74 68 69 73/)
  })

  test('cut off at a block border: a warning, and what is there is read', async () => {
    const path = await damaged(`noeof${isIndexed}`, (file, offsets) => file.subarray(0, offsets.at(-1)))
    utimesSync(path, 1e9, 1e9) // older than its index, however long the damage took
    await withGenome(path, async (genome, warnings) => {
      expect(await recordsOf(genome)).toEqual([
        ['a', sequence],
        ['b', 'ACGT'],
      ])
      expect(await readText(genome, 'b', 1, 3)).toBe('CG')
      expect(warnings).toEqual([expect.stringMatching(/noeof\w+\.fa\.gz: the BGZF end-of-file block is missing/)])
    })
  })
})

test('empty blocks anywhere and blocks of all sizes are read', async () => {
  const parts = [
    bgzfEnd,
    bgzfBlock(Buffer.from(fasta.slice(0, 1))),
    bgzfEnd,
    bgzfEnd,
    bgzfBlock(Buffer.from(fasta.slice(1, 900))),
  ]
  const path = folder.write('odd.fa.gz', Buffer.concat([...parts, bgzip(fasta.slice(900), 1)]))
  for (let pass = 0; pass < 2; pass++) {
    await withGenome(path, async (genome, warnings) => {
      expect(await recordsOf(genome)).toEqual([
        ['a', sequence],
        ['b', 'ACGT'],
      ])
      for (const start of [0, 1, 850, 880, 881, 4990])
        expect(await readText(genome, 'a', start, start + 10)).toBe(sequence.slice(start, start + 10))
      expect(warnings).toEqual([])
    })
    await writeIndex(path) // the second pass reads by it
  }
})

test('regions read at the same time share the blocks and give the same bases', async () => {
  const path = folder.write('shared.fa.gz', bgzip(fasta, 100))
  await withGenome(path, async (genome) => {
    const starts = Array.from({ length: 200 }, (_, i) => (i * 397) % 4800)
    const texts = await Promise.all(starts.map((start) => readText(genome, 'a', start, start + 200)))
    expect(texts).toEqual(starts.map((start) => sequence.slice(start, start + 200)))
  })
})

test('plain gzip that is cut off or damaged is an error', async () => {
  const file = gzipSync(fasta)
  const cut = folder.write('cut.gz', file.subarray(0, file.length - 20))
  const bad = folder.write(
    'bad.gz',
    Uint8Array.from(file, (byte, i) => (i === file.length - 6 ? byte ^ 1 : byte)),
  )
  for (const error of await failures(cut))
    expect((error as Error).message).toMatch(/cut\.gz near compressed offset \d+: truncated gzip; get the file again/)
  for (const error of await failures(bad))
    expect((error as Error).message).toMatch(/bad\.gz near compressed offset \d+: corrupt gzip/)
})
