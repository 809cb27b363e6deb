import type { Genome } from '../../src/genome.ts'
import type { ByteSink } from '../../src/io/bytes/sink.ts'
import type { DoneOutput } from '../../src/io/output/done-output.ts'
import { encodeArrowTable } from '../../src/io/output/write-table.ts'
import { bgzfSink } from '../../src/io/variants/bgzf-sink.ts'
import type { VcfHeader, VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import type { Model } from '../../src/model/model.ts'
import type { ScoredVariant } from '../variants/options.ts'
import { vcfWriter } from '../variants/records.ts'
import { scoreKindOf } from '../variants/score-kinds.ts'
import { type TableOptions, tsvWriter, variantTable } from '../variants/table.ts'
import type { RunOrigin } from './origin.ts'
import { encodeText, tableRows } from './variants-encode.ts'
import { provenanceOf, variantsMetadata } from './variants-metadata.ts'
import type { VariantFormat, VariantsRequest } from './variants-request.ts'

/** How scored variants become the output's bytes. */
export interface VariantEncoding {
  /** Rows of the output that a variant has. */
  rowsOf(scored: ScoredVariant): number
  encode(scored: AsyncIterable<ScoredVariant<VcfRecord>>, done: DoneOutput | undefined): AsyncIterable<Uint8Array[]>
  pack(sink: ByteSink): ByteSink
}

interface Encoded {
  readonly request: VariantsRequest
  readonly genome: Genome
  /** Of the VCF, or of one that no file has. */
  readonly header: VcfHeader
  readonly format: VariantFormat
  readonly model: Model
  readonly origin: RunOrigin
  readonly signal?: AbortSignal
  /** Schema metadata beside those of a whole run. */
  readonly moreMetadata?: ReadonlyMap<string, string>
}

/** What columns a table of these scores has. */
export const tableOptions = (
  { info }: { readonly info: Parameters<typeof scoreKindOf>[0] },
  { raw, givesReasons }: Pick<VariantsRequest, 'raw' | 'givesReasons'>,
): TableOptions => ({ kind: scoreKindOf(info), isRaw: raw, givesReasons })

export async function variantEncoding(encoded: Encoded): Promise<VariantEncoding> {
  const { request, genome, header, format, model, origin, signal, moreMetadata = [] } = encoded
  const pack = (sink: ByteSink): ByteSink => sink
  const columns = tableOptions(model, request)
  if (format === 'arrow' || format === 'parquet') {
    const table = variantTable(columns)
    const metadata = new Map([...(await variantsMetadata(model, genome, request, origin, signal)), ...moreMetadata])
    const layout = { columns: table.columns, metadata: () => metadata }
    if (format === 'arrow') {
      return {
        rowsOf: table.rowsOf,
        encode: (rows, done) => encodeArrowTable(tableRows(rows, table), layout, done),
        pack,
      }
    }
    const { encodeParquetTable } = await import('../../src/io/output/write-parquet-table.ts') // loaded when it is wanted
    return { rowsOf: table.rowsOf, encode: (rows) => encodeParquetTable(tableRows(rows, table), layout), pack }
  }
  if (format === 'tsv') {
    const writer = tsvWriter(columns)
    return { rowsOf: writer.rowsOf, encode: (scored, done) => encodeText(scored, writer, false, done), pack }
  }
  const writer = vcfWriter({
    header,
    infoId: request.infoId,
    kind: scoreKindOf(model.info, request.infoId),
    digits: request.digits,
    isRaw: request.raw,
    givesReasons: request.givesReasons,
    replaces: request.replace,
    isGeneless: request.genes === 'none',
    provenance: provenanceOf(model, request),
  })
  return {
    rowsOf: writer.rowsOf,
    encode: (scored, done) => encodeText(scored, writer, true, done),
    pack: format === 'vcf.gz' ? bgzfSink : pack,
  }
}
