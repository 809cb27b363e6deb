import { ConfigError, FormatError } from '../../src/errors.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { wholeFile } from '../../src/io/bytes/local-file.ts'
import { protectInputs } from '../../src/io/bytes/protect-inputs.ts'
import { standardOutput } from '../../src/io/bytes/stream-output.ts'
import { openTable } from '../../src/io/output/read-table.ts'
import type { TableRow } from '../../src/io/output/table.ts'
import { writeEncoded } from '../../src/io/output/write-encoded.ts'
import { encodeArrowTable } from '../../src/io/output/write-table.ts'
import { bgzfSink } from '../../src/io/variants/bgzf-sink.ts'
import { tableOptions } from '../run/variants-encoding.ts'
import type { VariantOutput } from '../run/variants-output.ts'
import type { VariantFormat } from '../run/variants-request.ts'
import { rowText, variantTable } from '../variants/table.ts'
import { commonMetadata } from './common-metadata.ts'
import type { VariantShardManifest } from './manifest.ts'
import type { Merge } from './merge-job.ts'

type Merged = Merge<VariantShardManifest>

/** Formats that what shards hold can be written as. */
const formatsOf: Readonly<Record<VariantShardManifest['holds'], readonly VariantFormat[]>> = {
  vcf: ['vcf', 'vcf.gz'],
  table: ['arrow', 'parquet', 'tsv'],
}

/** Writes the records, or rows, of the shards as `variants` writes them. */
export async function mergeVariants(merge: Merged, { path, format }: VariantOutput): Promise<void> {
  const { holds } = merge.manifest
  if (!formatsOf[holds].includes(format))
    throw new ConfigError({
      where: `\`format: ${format}\``,
      what: `the shards hold ${holds === 'vcf' ? 'a VCF' : 'a table'}`,
      expected: formatsOf[holds].join(', '),
      remedy: `plan again with \`format: ${format}\``,
    })
  if (path !== undefined) await protectInputs(path, merge.inputs)
  await merge.checked()
  const pieces = holds === 'vcf' ? vcfPieces(merge) : await tablePieces(merge, format)
  const sink = path === undefined ? standardOutput() : await openAtomicOutput(path, merge.inputs)
  await writeEncoded(pieces, format === 'vcf.gz' ? bgzfSink(sink) : sink)
}

/** The header of the first shard, which all have, then the records of each. */
async function* vcfPieces({ manifest, pathOf, signal, onRecords }: Merged): AsyncGenerator<Uint8Array[]> {
  let first: Buffer | undefined
  let recordsDone = 0
  const recordCount = manifest.shards.reduce((sum, { rows }) => sum + rows, 0)
  for (const { id, rows } of manifest.shards) {
    const unlike = (what: string, expected: string, got: string): FormatError =>
      new FormatError({ where: pathOf(id), what, expected, got, remedy: 'remove the shard and run it again' })
    let header: Buffer | undefined = Buffer.alloc(0)
    const lines = new LineCount()
    for await (const read of wholeFile(pathOf(id), signal)) {
      let piece = read
      if (header) {
        header = Buffer.concat([header, read])
        const end = headerEnd(header)
        if (end === undefined) continue
        const found = header.subarray(0, end)
        if (first && !first.equals(found))
          throw unlike('its header is not that of the first shard', 'the same', 'another')
        if (!first) yield [found]
        first ??= found
        piece = header.subarray(end)
        header = undefined
      }
      lines.add(piece)
      yield [piece]
    }
    if (header) throw unlike('it has no header', 'that of a VCF', 'none')
    if (lines.count !== rows) throw unlike('its records are not those planned', `${rows}`, `${lines.count}`)
    recordsDone += rows
    onRecords?.({ contig: `shard ${id}`, recordsDone, fraction: recordsDone / recordCount })
  }
}

/** Where the header ends, with the line `#CHROM`; undefined where that is not in `bytes`. */
function headerEnd(bytes: Buffer): number | undefined {
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\n', at)
    if (end < 0) return undefined
    if (bytes.toString('latin1', at, at + 6) === '#CHROM') return end + 1
    at = end + 1
  }
}

/** Lines of bytes that come in pieces; the last may lack its end. */
class LineCount {
  #ends = 0
  #isOpen = false

  add(bytes: Uint8Array): void {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) this.#ends++
    if (bytes.length > 0) this.#isOpen = bytes.at(-1) !== 10
  }

  get count(): number {
    return this.#ends + (this.#isOpen ? 1 : 0)
  }
}

async function tablePieces(merge: Merged, format: VariantFormat): Promise<AsyncIterable<Uint8Array[]>> {
  const { manifest, pathOf } = merge
  const { options, scores } = manifest
  const info = { family: scores.family, tracks: scores.tracks.map((name) => ({ name })) }
  const { columns } = variantTable(tableOptions({ info }, options))
  const open = (path: string): ReturnType<typeof openTable> => openTable(path, columns)
  const metadata = await commonMetadata(manifest, pathOf, open)
  const rows = async function* (): AsyncGenerator<TableRow[]> {
    let recordsDone = 0
    const recordCount = manifest.shards.reduce((sum, shard) => sum + shard.rows, 0)
    for (const shard of manifest.shards) {
      const file = await open(pathOf(shard.id))
      try {
        for await (const some of file.rows()) {
          merge.signal?.throwIfAborted()
          yield some
        }
      } finally {
        await file.close()
      }
      recordsDone += shard.rows
      merge.onRecords?.({ contig: `shard ${shard.id}`, recordsDone, fraction: recordsDone / recordCount })
    }
  }
  const layout = { columns, metadata: () => metadata }
  if (format === 'arrow') return encodeArrowTable(rows(), layout)
  if (format === 'tsv') return textPieces(rows(), columns)
  const { encodeParquetTable } = await import('../../src/io/output/write-parquet-table.ts') // loaded when it is wanted
  return encodeParquetTable(rows(), layout)
}

async function* textPieces(
  rows: AsyncIterable<readonly TableRow[]>,
  columns: Parameters<typeof rowText>[0],
): AsyncGenerator<Uint8Array[]> {
  const text = rowText(columns)
  yield [text.head]
  for await (const some of rows) yield some.map((row) => text.row(row))
}
