import { StaleIndex } from '../../src/io/bytes/stale-index.ts'
import { parseGzi } from '../../src/io/bytes/gzi.ts'
import { parseFai } from '../../src/io/fasta/fai.ts'
import { unpackedStream } from '../../src/io/bytes/unpack.ts'
import { BgzfReader } from '../../src/io/bytes/bgzf-reader.ts'
import { parseBed } from '../../src/io/fasta/bed.ts'
import { fastaChunks } from '../../src/io/fasta/fasta-chunks.ts'
import { readGenes } from '../../src/io/variants/annotation/read-genes.ts'
import { recordBytes } from '../../src/io/variants/vcf-writer.ts'
import { readVcf } from '../../src/io/variants/vcf-reader.ts'
import { parseHdf5 } from '../../src/model/weights/hdf5.ts'
import { readSpliceAi } from '../../src/model/weights/spliceai-checkpoint.ts'
import { scanIndex } from '../../src/io/fasta/fasta-index.ts'
import { parseRegion } from '../../src/io/fasta/region-text.ts'
import { parsePickle } from '../../src/model/weights/pickle.ts'
import { parseWeights, readCheckpoints } from '../../src/model/weights/read-checkpoint.ts'
import { parseSafetensors } from '../../src/model/weights/safetensors.ts'
import { torchGlobals } from '../../src/model/weights/torch-globals.ts'
import { parseZip } from '../../src/model/weights/zip.ts'
import { parseManifest, planHash } from '../../pipelines/shard/manifest-file.ts'
import type { ShardManifest } from '../../pipelines/shard/manifest.ts'
import { FormatError } from '../../src/errors.ts'
import { golden, hfConfig } from '../support/golden-weights.ts'
import { rawSafetensors, safetensorsFile } from '../support/safetensors-file.ts'
import { spliceHyenaFiles } from '../support/splice-hyena-files.ts'
import { zipFile } from '../support/zip-file.ts'
import * as seeds from './seeds.ts'

/** A parser under test: what is right, what it is made of, and how it is called. */
export interface FuzzedParser {
  readonly seeds: readonly Uint8Array[]
  readonly tokens: readonly Uint8Array[]
  /** Gives what it read, or throws an error of ours. `pick` chooses between ways to call it. */
  parse(input: Uint8Array, pick: number): unknown
}

const texts = (...list: string[]): Uint8Array[] => list.map((text) => new TextEncoder().encode(text))
const codes = (...list: number[]): Uint8Array[] => list.map((code) => Uint8Array.of(code))
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

async function drained(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

/** An index that does not fit its file is an error inside src/io only. */
async function orStale(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (cause) {
    throw cause instanceof StaleIndex ? new FormatError({ where: 'x.fai', what: cause.message, cause }) : cause
  }
}

const fastaTokens = texts(
  '>',
  '>a\n',
  '>constructor\n',
  '\n',
  '\r\n',
  '\r',
  ' ',
  'ACGT',
  'N',
  'J',
  '\0',
  '\xef\xbb\xbf',
  ';',
)
const zipTokens = texts(
  'PK\x01\x02',
  'PK\x03\x04',
  'PK\x05\x06',
  'PK\x06\x06',
  'PK\x06\x07',
  '\x01\0\x10\0',
  'data.pkl',
  '/',
  '../x',
)
const bgzfTokens = [seeds.bgzfEnd, ...codes(0x1f, 0x8b, 8, 4, 66, 67), ...texts('BC\x02\0', '\x1f\x8b\x08\x04')]
const pickleTokens = [
  ...texts('ctorch._utils\n_rebuild_tensor_v2\n', 'ccollections\nOrderedDict\n', 'ctorch\nFloatStorage\n'),
  ...texts(
    'ctorch\nSize\n',
    'ctorch._utils\n_rebuild_parameter\n',
    'cos\nsystem\n',
    'h\0',
    'q\0',
    'X\x07\0\0\0storage',
  ),
  ...codes(...Buffer.from('(.012abcehjqrstu}])lNJKMGXUTBCdRQ')),
  ...codes(...Array.from({ length: 0x18 }, (_, i) => 0x80 + i)),
]
const jsonTokens = texts(
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  'null',
  'true',
  '{}',
  '[]',
  '1e400',
  '-0',
  '"__proto__":1,',
  '\\u0000',
)
const contigs = new Map(['1', 'chr2', 'a:b', 'constructor'].map((name) => [name, { name, length: 50_000 }]))

const splice = spliceHyenaFiles()
const hyenaWeights = golden('hyena-nano/model.safetensors')
const spliceWeights = safetensorsFile(splice.tensors)

/** By name; every one reads what users give it, or what it was given by somebody else. */
export const parsers: Readonly<Record<string, FuzzedParser>> = {
  fasta: {
    seeds: [...seeds.fastas, seeds.gzip],
    tokens: fastaTokens,
    parse: (input, pick) =>
      drained(fastaChunks(seeds.source(input, pick), { chunkBases: 1 + (pick % 64) + (input.length >> 6) })),
  },
  bgzf: {
    seeds: seeds.bgzfs,
    tokens: bgzfTokens,
    async parse(input, pick) {
      if (pick % 2 === 0) return drained(unpackedStream(seeds.source(input, pick)))
      const { records } = await scanIndex(seeds.source(input, pick))
      return records
    },
  },
  fai: {
    seeds: [seeds.fai],
    tokens: texts('\t', '\n', 'one', 'constructor', '\t0\t', '\r\n'),
    parse: (input) =>
      orStale(async () => {
        if (parseFai(input).length > input.length) throw new Error('more entries than bytes')
      }),
  },
  gzi: {
    seeds: [seeds.gzi],
    tokens: [...codes(0, 1, 255), new Uint8Array(8), new Uint8Array(16)],
    parse: (input, pick) =>
      orStale(async () => {
        const reader = await BgzfReader.open(seeds.source(seeds.bgzfs[0], 0), parseGzi(input))
        const found = await reader.read(1 + (pick % 200), pick % 900)
        const expected = seeds.fastas[0].subarray(pick % 900, (pick % 900) + found.length)
        if (Buffer.compare(found, expected) !== 0) throw new Error('wrong bytes')
      }),
  },
  bed: {
    seeds: seeds.beds,
    tokens: texts('\t', '\n', '\r\n', 'chr2\t0\t5\n', 'track\n', 'browser x\n', '#', ' ', '+', '.', '\0', '\xff'),
    parse: (input, pick) =>
      drained(parseBed(pick % 2 ? input : seeds.pieces(input, pick), 'x.bed', pick % 3 ? contigs : undefined)),
  },
  region: {
    seeds: texts('chr2:1,001-2,000', '1', '{a:b}:5-6', 'chr2:-2000', 'a:b:7-', 'chr2:9'),
    tokens: texts(':', '-', ',', '{', '}', 'chr2', 'a:b', ' ', '\0', '٣'),
    parse(input) {
      const { contig, start, end } = parseRegion(decode(input), contigs)
      if (!(start >= 0 && start < end && end <= (contigs.get(contig)?.length ?? 0)))
        throw new Error('not in the contig')
    },
  },
  safetensors: {
    seeds: [spliceWeights, seeds.smallSafetensors],
    tokens: [...jsonTokens, ...texts('"F32"', '"F16"', '"shape":', '"data_offsets":', '"dtype":', '[0,4]')],
    parse(input, pick) {
      // Every other time the header's length is made to fit, so that what is in it is looked at.
      const end = 8 + seeds.headerBytes(input)
      const bytes = pick % 2 ? rawSafetensors(decode(input.subarray(8, end)), input.slice(end)) : input
      readAll(parseSafetensors(bytes, 'x'), bytes)
    },
  },
  zip: {
    seeds: [seeds.zip],
    tokens: zipTokens,
    parse(input) {
      for (const entry of parseZip(input, 'x').values())
        if (entry.read().length > input.length) throw new Error('an entry larger than its archive')
    },
  },
  pickle: {
    seeds: seeds.pickles,
    tokens: pickleTokens,
    parse(input, pick) {
      if (pick % 4) {
        const bytes = zipFile({ 'a/data.pkl': input, 'a/data/0': new Uint8Array(16) })
        return readAll(parseWeights(bytes, 'x'), bytes)
      }
      const findGlobal = torchGlobals('x', () => {
        throw new FormatError({ where: 'x', what: 'no tensors here' })
      })
      return parsePickle(input, 'x', { findGlobal, findPersistent: () => null })
    },
  },
  hdf5: {
    seeds: [golden('spliceai-nano.h5')],
    tokens: [
      ...texts('HEAP', 'TREE', 'SNOD', 'conv1d_1', 'kernel:0', 'model_config'),
      ...[0, 1, 8, 24, 96].map((value) => Uint8Array.of(value, 0, 0, 0, 0, 0, 0, 0)),
      new Uint8Array(8).fill(255),
    ],
    parse(input, pick) {
      const file = parseHdf5(input, 'x')
      for (const tensor of file.tensors.values())
        if (tensor.read().length > 8 * input.length) throw new Error('more values than the file can hold')
      return pick % 2 ? readSpliceAi(file) : undefined
    },
  },
  vcf: {
    seeds: [...seeds.vcfs, seeds.bgzippedVcf],
    tokens: texts(
      '\t',
      '\n',
      '\r\n',
      '#',
      '##',
      '##INFO=<ID=X,',
      '.',
      ',',
      '<DEL>',
      '*',
      ';',
      '=',
      'chr1',
      '\0',
      '\xff',
    ),
    async parse(input, pick) {
      const { header, records } = await readVcf(seeds.source(input, pick), { onBadRecord: pick % 3 ? 'keep' : 'error' })
      const parts: Uint8Array[] = [...header.lines]
      for await (const record of records) {
        parts.push(...recordBytes(record, [], []))
        for await (const piece of record.tail ?? []) parts.push(piece)
      }
      // What was read as it stands, and not unpacked, comes out as it went in.
      const isPacked = input[0] === 0x1f && input[1] === 0x8b
      if (!isPacked && Buffer.compare(Buffer.concat(parts), input) !== 0) throw new Error('other bytes')
    },
  },
  genes: {
    seeds: seeds.annotations,
    tokens: texts(
      '\t',
      '\n',
      ';',
      '=',
      ' "',
      '"; ',
      'gene',
      'transcript',
      'exon',
      'ID=',
      'Parent=',
      '#',
      '-',
      '%3B',
      ',',
    ),
    async parse(input, pick) {
      for (const { start, end, exonStarts, exonEnds } of (await readGenes(seeds.source(input, pick))).transcripts)
        if (!(start < end) || exonStarts.some((exonStart, i) => exonStart < start || exonEnds[i] > end))
          throw new Error('exons outside their transcript')
    },
  },
  config: {
    seeds: texts(JSON.stringify(splice.config), hfConfig),
    tokens: [...jsonTokens, ...texts('"hyena"', '"blocks":', '"d_model":', '"type":', '"taps":')],
    parse(input) {
      const text = decode(input)
      const bytes = text.includes('"taps"') ? spliceWeights : hyenaWeights
      const weights = { name: 'x', bytes, sha256: '' }
      return readCheckpoints({ name: 'x', weights, config: { name: 'config.json', text } })
    },
  },
  manifest: {
    seeds: [seeds.manifest, seeds.embedManifest],
    tokens: [...jsonTokens, ...texts('"path":', '"../../x"', '"/x"', '"id":', '"regions":', '"start":', '"end":')],
    parse(input, pick) {
      const text = decode(input)
      return parseManifest('m.json', pick % 2 ? text : rehashed(text))
    },
  },
}

function readAll({ tensors }: ReturnType<typeof parseWeights>, bytes: Uint8Array): void {
  for (const tensor of tensors.values())
    if (tensor.read().length > 8 * bytes.length) throw new Error('more values than the file can hold')
}

/** With the hash that fits, where it has one: what is checked behind the hash is reached too. */
function rehashed(text: string): string {
  try {
    const value = JSON.parse(text) as ShardManifest
    return JSON.stringify({ ...value, planSha256: planHash(value) })
  } catch {
    return text
  }
}
