import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { afterAll } from 'vitest'
import type { Genome, SequenceChunk } from '../../src/genome.ts'
import { openGenome } from '../../src/io/fasta/open-genome.ts'

/** The empty block that ends a BGZF file (SAM specification, section 4.1.2). */
export const bgzfEnd = bgzfBlock(new Uint8Array(0))

/** One BGZF block, written without any code of src/io. */
export function bgzfBlock(data: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(data)
  const block = Buffer.alloc(18 + deflated.length + 8)
  block.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 66, 67, 2, 0])
  block.writeUInt16LE(block.length - 1, 16)
  block.set(deflated, 18)
  block.writeUInt32LE(crc32(data), block.length - 8)
  block.writeUInt32LE(data.length, block.length - 4)
  return new Uint8Array(block)
}

/** `data` as a BGZF file of blocks of `blockBytes`. */
export function bgzip(data: Uint8Array | string, blockBytes = 65280, hasEnd = true): Uint8Array {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
  const blocks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += blockBytes) blocks.push(bgzfBlock(bytes.subarray(at, at + blockBytes)))
  return Buffer.concat(hasEnd ? [...blocks, bgzfEnd] : blocks)
}

/** A folder for one test file, removed afterwards; returns a function that writes a file there and gives its path. */
export function temporaryFolder(): { path: string; write: (name: string, content: Uint8Array | string) => string } {
  const path = mkdtempSync(join(tmpdir(), 'genoconv-io-'))
  afterAll(() => rmSync(path, { recursive: true, force: true }))
  const write = (name: string, content: Uint8Array | string): string => {
    writeFileSync(join(path, name), content)
    return join(path, name)
  }
  return { path, write }
}

export async function withGenome<T>(
  input: string | Blob,
  use: (genome: Genome, warnings: string[]) => Promise<T>,
): Promise<T> {
  const warnings: string[] = []
  const genome = await openGenome(input, { onWarning: (message) => warnings.push(message) })
  try {
    return await use(genome, warnings)
  } finally {
    await genome.close()
  }
}

/** All records by the sequential reader: name and letters. Checks on the way that chunks follow each other. */
export async function recordsOf(genome: Genome, chunkBases = 1 << 20): Promise<[string, string][]> {
  const records: [string, string][] = []
  let open: string | undefined
  for await (const chunk of genome.chunks({ chunkBases })) {
    checkChunk(chunk, chunkBases, open === undefined ? undefined : records.at(-1))
    if (open === undefined) records.push([chunk.contig, ''])
    records[records.length - 1][1] += Buffer.from(chunk.bases).toString('latin1')
    open = chunk.isContigEnd ? undefined : chunk.contig
  }
  if (open !== undefined) throw new Error(`contig ${open} never ended`)
  return records
}

function checkChunk(chunk: SequenceChunk, chunkBases: number, before: [string, string] | undefined): void {
  const expected = before ? { contig: before[0], start: before[1].length } : { contig: chunk.contig, start: 0 }
  if (chunk.contig !== expected.contig || chunk.start !== expected.start)
    throw new Error(`chunk ${chunk.contig}:${chunk.start} out of order`)
  const isFull = chunk.bases.length === chunkBases
  if (!isFull && !(chunk.isContigEnd && chunk.bases.length < chunkBases))
    throw new Error(`chunk of ${chunk.bases.length} bases`)
}

export async function readText(genome: Genome, contig: string, start: number, end: number): Promise<string> {
  return Buffer.from(await genome.read({ contig, start, end })).toString('latin1')
}
