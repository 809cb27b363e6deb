import type { RecordBatch, Vector } from './arrow.ts'
import { FormatError } from '../../errors.ts'
import { findArrowColumns } from './arrow-columns.ts'
import { asFormatError, openArrow } from './open-arrow.ts'
import type { PredictionFile, RowBatch, RowsOfBases } from './prediction-file.ts'

/**
 * Opens an Arrow file that genoconv wrote, to read its rows back bit for bit. Not a reader of any Arrow file: columns are
 * those of `arrowSchema`. FormatError where it is missing, cut short, or something else.
 *
 * @param byColumn whether it is looked through at once for where its columns and rows stand
 */
export async function openPredictions(path: string, byColumn = false): Promise<PredictionFile> {
  const file = await openArrow(path)
  try {
    const names = file.schema?.fields.map(({ name }) => name) ?? []
    if (!['contig', 'position', 'base'].every((name) => names.includes(name))) {
      const expected = 'columns contig, position, base and tracks'
      throw new FormatError({ where: path, what: 'no predictions', expected, got: names.join(', ') || 'none' })
    }
    const trackNames = names.filter((name) => !['contig', 'position', 'base', 'region'].includes(name))
    const read = async (block: number): Promise<RowBatch> => rowsOf(await file.read(block), trackNames)
    const columns = byColumn
      ? await findArrowColumns(file.handle, file.schema, file.dictionaries, file.batchCount)
      : undefined
    return {
      metadata: file.schema.metadata,
      tracks: trackNames,
      blockCount: file.batchCount,
      facts: columns?.facts,
      read,
      readNumbers: columns && ((block) => asFormatError(path, () => columns.read(block))),
      async *rows() {
        for (let i = 0; i < file.batchCount; i++) yield read(i)
      },
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

function rowsOf(batch: RecordBatch, trackNames: readonly string[]): RowBatch {
  let bases: Uint8Array | undefined
  return {
    ...placeColumns(batch),
    // Made when asked for: whoever looks at values alone does without.
    get bases() {
      bases ??= letterColumn(batch)
      return bases
    },
    tracks: Object.fromEntries(trackNames.map((name) => [name, numberColumn<Float32Array>(batch, name)])),
  }
}

/** Where the bases of the rows stand. */
export const placeColumns = (batch: RecordBatch): Omit<RowsOfBases, 'bases'> => ({
  ...contigColumn(batch),
  position: numberColumn<Uint32Array>(batch, 'position'),
})

export const contigColumn = (batch: RecordBatch): Pick<RowsOfBases, 'length' | 'contig' | 'contigNames'> => ({
  length: batch.numRows,
  contig: numberColumn<Int32Array>(batch, 'contig'),
  contigNames: namesOf(batch.getChild('contig')!),
})

/** A column of numbers, or of indices. One record batch has one piece of it, whose buffer may be padded. */
export const numberColumn = <T extends ArrayBufferView>(batch: RecordBatch, name: string): T =>
  batch.getChild(name)!.data[0].values.subarray(0, batch.numRows) as T

/** Upper-case ASCII. */
export function letterColumn(batch: RecordBatch): Uint8Array {
  const letters = Uint8Array.from(namesOf(batch.getChild('base')!), (letter) => letter.charCodeAt(0))
  const indices = numberColumn<Int8Array>(batch, 'base')
  const out = new Uint8Array(indices.length)
  for (let i = 0; i < out.length; i++) out[i] = letters[indices[i]]
  return out
}

const namesOf = (column: Vector): string[] => [...(column.data[0].dictionary as Vector<never>)] as unknown as string[]
