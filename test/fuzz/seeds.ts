import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { type EmbedShardManifest, manifestFormat, type ShardManifest } from '../../pipelines/shard/manifest.ts'
import { planHash } from '../../pipelines/shard/manifest-file.ts'
import { version } from '../../pipelines/run/version.ts'
import type { ByteSource } from '../../src/io/bytes/byte-source.ts'
import { f32Tensor, safetensorsFile } from '../support/safetensors-file.ts'
import { zipFile } from '../support/zip-file.ts'

/** Small inputs that are right: the fuzzer changes them. */

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A file in memory, in pieces whose size `pick` chooses. */
export function source(bytes: Uint8Array, pick: number): ByteSource {
  return {
    name: 'x.fa',
    byteCount: bytes.length,
    modifiedSeconds: undefined,
    access: 'cheap',
    read: async (length, position) => bytes.slice(position, position + length),
    stream: () => pieces(bytes, pick),
    beside: async () => undefined,
    besideName: (suffix) => `x.fa${suffix}`,
    close: async () => {},
  }
}

/** In 64 pieces at most: each costs memory, as a piece of a real file does not. */
export async function* pieces(bytes: Uint8Array, pick: number): AsyncGenerator<Uint8Array> {
  const step = Math.max(1 + (pick % 3 ? pick : pick % 40), bytes.length >> 6)
  for (let at = 0; at < bytes.length; at += step) yield bytes.slice(at, at + step)
}

const bases = (count: number): string => Array.from({ length: count }, (_, i) => 'ACGTacgtNRU'[(i * 7) % 11]).join('')
const lines = (count: number, width: number): string => bases(count).replaceAll(new RegExp(`.{${width}}`, 'g'), '$&\n')

export const fastas = [
  encode(`>one first\n${lines(600, 60)}>two\n${lines(301, 50)}\n>three\nACGT\n`),
  encode(`>a\r\nACGT\r\nNN\r\n\r\n>b\tx\r\n>c\r\nA`),
  encode('>x\n\n AC \nGT'),
]

export const bgzfEnd = Uint8Array.from([
  0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 66, 67, 2, 0, 27, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
])
function bgzfBlock(data: Uint8Array): Uint8Array {
  const deflated = deflateRawSync(data)
  const block = Buffer.alloc(18 + deflated.length + 8)
  block.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 66, 67, 2, 0])
  block.writeUInt16LE(block.length - 1, 16)
  block.set(deflated, 18)
  block.writeUInt32LE(crc32(data), block.length - 8)
  block.writeUInt32LE(data.length, block.length - 4)
  return new Uint8Array(block)
}
const blockDataBytes = 300
const blocksOf = (data: Uint8Array): Uint8Array[] =>
  Array.from({ length: Math.ceil(data.length / blockDataBytes) }, (_, i) =>
    bgzfBlock(data.subarray(i * blockDataBytes, (i + 1) * blockDataBytes)),
  )
const bgzf = (data: Uint8Array): Uint8Array => new Uint8Array(Buffer.concat([...blocksOf(data), bgzfEnd]))
export const bgzfs = fastas.map(bgzf)
export const gzip = new Uint8Array(gzipSync(fastas[0]))

export const fai = encode('one\t600\t11\t60\t61\ntwo\t301\t626\t50\t51\nthree\t4\t941\t4\t5\n')
export const gzi = ((): Uint8Array => {
  const blocks = blocksOf(fastas[0])
  const bytes = new DataView(new ArrayBuffer(8 + 16 * (blocks.length - 1)))
  bytes.setBigUint64(0, BigInt(blocks.length - 1), true)
  let offset = 0
  for (let i = 1; i < blocks.length; i++) {
    offset += blocks[i - 1].length
    bytes.setBigUint64(16 * i - 8, BigInt(offset), true)
    bytes.setBigUint64(16 * i, BigInt(i * blockDataBytes), true)
  }
  return new Uint8Array(bytes.buffer)
})()

export const beds = [
  encode('track name=x\nchr2\t0\t100\tg1\t0\t+\n1\t5\t7\n#c\n\nchr2\t10\t40000\tg2\t0\t-\t1\t2\t0\t1\t5\t0\n'),
  encode('1 5 7 name 0 .\r\nchr2 8 9\r\n'),
]

export const smallSafetensors = safetensorsFile({ w: f32Tensor([2, 2], [1, 2, 3, 4]) }, { format: 'pt' })
export const headerBytes = (bytes: Uint8Array): number =>
  bytes.length < 8 ? 0 : Math.min(bytes.length, bytes[0] | (bytes[1] << 8))
export const zip = zipFile({ 'a/data.pkl': encode('N.'), 'a/data/0': new Uint8Array(40), 'a/version': encode('3\n') })

const text = (value: string): string => `X${String.fromCharCode(value.length)}\0\0\0${value}`
const storage = (key: string): string => `(${text('storage')}ctorch\nFloatStorage\n${text(key)}${text('cpu')}K\x04tQ`
const tensor = (key: string): string =>
  `ctorch._utils\n_rebuild_tensor_v2\n(${storage(key)}K\0K\x02K\x02\x86K\x02K\x01\x86\x89ccollections\nOrderedDict\n)RtR`
const latin = (value: string): Uint8Array => new Uint8Array(Buffer.from(value, 'latin1'))
export const pickles = [
  latin(`\x80\x02ccollections\nOrderedDict\n)R(${text('w')}${tensor('0')}${text('b')}${tensor('0')}u.`),
  latin(
    `\x80\x02}q\0(${text('state_dict')}}${text('w')}${tensor('0')}s${text('step')}M\x10\x27${text('f')}G\x3f\xf0\0\0\0\0\0\0u.`,
  ),
  latin('\x80\x04\x95\x10\0\0\0\0\0\0\0]\x94(K\x01\x8a\x02\xff\0\x8c\x01a\x94C\x02xye\x88\x86.'),
]

const vcfHeader = '##fileformat=VCFv4.2\n##INFO=<ID=AC,Number=A,Type=Integer,Description="a">\n##contig=<ID=1>\n'
const vcfColumns = '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO'
export const vcfs = [
  encode(`${vcfHeader}${vcfColumns}\n1\t9\trs1\tA\tC,<DEL>\t.\tPASS\tAC=1,2;X\n1\t12\t.\tACG\tA\t5\t.\t.\n`),
  encode(`${vcfHeader}${vcfColumns}\tFORMAT\ts1\r\nchr2\t1\t.\tn\t*\t.\t.\t.\tGT\t0/1\r\nchr2\t7\t.\tA\t.\t.\t.\tDB`),
]
export const bgzippedVcf = bgzf(vcfs[0])

const tabbed = (text: string): Uint8Array => encode(text.trim().replaceAll(/^ +/gm, '').replaceAll(/ {2,}/g, '\t'))
export const annotations = [
  tabbed(`##gff-version 3
    1  x  gene  101  900  .  +  .  ID=G1;gene_name=ABC%2C1
    1  x  mRNA  101  900  .  +  .  ID=T1;Parent=G1;tag=basic,MANE_Select
    1  x  exon  101  200  .  +  .  ID=E1;Parent=T1
    1  x  exon  401  900  .  +  .  ID=E2;Parent=T1
    1  x  CDS  150  200  .  +  0  ID=C1;Parent=T1
  `),
  tabbed(`1  x  gene  11  50  .  -  .  gene_id "G1"; gene_name "A;B";
    1  x  transcript  11  50  .  -  .  gene_id "G1"; transcript_id "T1"; tag "Ensembl_canonical";
    1  x  exon  11  50  .  -  .  gene_id "G1"; transcript_id "T1"; exon_number 1;
  `),
  tabbed(`track name=x
    1  100  900  NM_1  0  +  150  800  0  2  100,300,  0,500,
  `),
  tabbed(`#NAME  CHROM  STRAND  TX_START  TX_END  EXON_START  EXON_END
    ABC  1  +  100  900  100,600,  200,900,
    DEF  2  -  5  90  5  90
  `),
]

const plan: ShardManifest = {
  format: manifestFormat,
  planSha256: '0'.repeat(64),
  version: version(),
  command: 'genoconv predict a.fa',
  model: { sources: [{ spec: 'splice' }, { path: '../m.pt' }], name: 'splice', sha256: 'a'.repeat(64) },
  files: [{ path: '../a.fa', role: 'fasta', bytes: 10, sha256: 'b'.repeat(64) }],
  contigs: [
    { name: 'one', length: 5000 },
    { name: 'two', length: 400 },
  ],
  work: 'predict', // fields are hashed in the order that readFields() gives them
  options: {
    strand: 'both',
    context: 'full',
    frequencySparsity: 0,
    packsPerGroup: 1,
    precision: 'f32',
    memory: 2 ** 31,
    threads: 2,
    tracks: ['donor'],
  },
  hasRegionColumn: true,
  targets: 'regions',
  shards: [
    {
      id: 0,
      rows: 105,
      bases: 500,
      regions: [
        { contig: 'one', start: 0, end: 100, name: 'g' },
        { contig: 'two', start: 5, end: 10, strand: '-' },
      ],
    },
    { id: 1, rows: 400, bases: 400, regions: [{ contig: 'two', start: 0, end: 400 }] },
  ],
}
export const manifest = encode(JSON.stringify({ ...plan, planSha256: planHash(plan) }))

const { hasRegionColumn: _column, options: predictOptions, targets, shards, ...head } = plan
const { tracks: _tracks, ...sequenceOptions } = predictOptions
const embedPlan: EmbedShardManifest = {
  ...head,
  work: 'embed',
  options: { ...sequenceOptions, embedding: { layer: -1, pool: 'mean' } },
  targets,
  shards: shards.map((shard) => ({ ...shard, rows: shard.regions.length })),
}
export const embedManifest = encode(JSON.stringify({ ...embedPlan, planSha256: planHash(embedPlan) }))
