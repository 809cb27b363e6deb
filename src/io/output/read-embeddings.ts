import { FormatError } from '../../errors.ts'
import { DataType, type Float, Precision, type RecordBatch } from './arrow.ts'
import { openArrow } from './open-arrow.ts'
import type { RowsOfBases } from './prediction-file.ts'
import { contigColumn, letterColumn, numberColumn, placeColumns } from './read-arrow.ts'

interface WithEmbeddings {
  readonly channelCount: number
  /** [rows, channels], row after row. */
  readonly embedding: Float32Array
}

/** Rows of one record batch, one for each base. */
export interface BaseEmbeddingRows extends RowsOfBases, WithEmbeddings {}

/** Rows of one record batch, one for each region. */
export interface RegionEmbeddingRows extends WithEmbeddings {
  readonly length: number
  /** Index into `contigNames` for each row. */
  readonly contig: Int32Array
  readonly contigNames: readonly string[]
  /** 0-based, half-open. */
  readonly start: Uint32Array
  readonly end: Uint32Array
}

export interface EmbeddingFile<R> {
  /** Schema metadata. */
  readonly metadata: ReadonlyMap<string, string>
  readonly channelCount: number
  /** In the order of the file, one record batch in memory at a time. */
  rows(): AsyncGenerator<R>
  close(): Promise<void>
}

/**
 * Opens an Arrow file of embeddings, one for each base, that genoconv wrote, to read its rows back bit for bit.
 *
 * @throws FormatError where it is missing, cut short, or something else
 */
export const openBaseEmbeddings = (path: string): Promise<EmbeddingFile<BaseEmbeddingRows>> =>
  openEmbeddings(path, ['contig', 'position', 'base'], (batch) => ({
    ...placeColumns(batch),
    bases: letterColumn(batch),
  }))

/** The same of one embedding for each region. */
export const openRegionEmbeddings = (path: string): Promise<EmbeddingFile<RegionEmbeddingRows>> =>
  openEmbeddings(path, ['contig', 'start', 'end', 'region'], (batch) => ({
    ...contigColumn(batch),
    start: numberColumn<Uint32Array>(batch, 'start'),
    end: numberColumn<Uint32Array>(batch, 'end'),
  }))

async function openEmbeddings<R extends object>(
  path: string,
  columns: readonly string[],
  read: (batch: RecordBatch) => R,
): Promise<EmbeddingFile<R & WithEmbeddings>> {
  const file = await openArrow(path)
  const { fields, metadata } = file.schema
  const names = fields.map(({ name }) => name)
  const channelCount = listSize(fields.find(({ name }) => name === 'embedding')?.type)
  if (!columns.every((name) => names.includes(name)) || channelCount === undefined) {
    await file.close()
    const expected = `columns ${columns.join(', ')} and embedding, a list of float32 of a fixed size`
    throw new FormatError({ where: path, what: 'no embeddings', expected, got: names.join(', ') || 'none' })
  }
  return {
    metadata,
    channelCount,
    async *rows() {
      for (let i = 0; i < file.batchCount; i++) {
        const batch = await file.read(i)
        // One record batch has one piece a column; its buffer may be padded.
        const [values] = batch.getChild('embedding')!.data[0].children
        const embedding = (values.values as Float32Array).subarray(0, batch.numRows * channelCount)
        yield { ...read(batch), channelCount, embedding }
      }
    },
    close: () => file.close(),
  }
}

function listSize(type: DataType | undefined): number | undefined {
  if (!DataType.isFixedSizeList(type)) return undefined
  const { valueType } = type
  return DataType.isFloat(valueType) && (valueType as Float).precision === Precision.SINGLE ? type.listSize : undefined
}
