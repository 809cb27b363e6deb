import type { RecordBatch, Vector } from './arrow.ts'
import { FormatError } from '../../errors.ts'
import { findArrowColumns } from './arrow-columns.ts'
import { asFormatError, openArrow } from './open-arrow.ts'
import type { PredictionFile, RowBatch } from './prediction-file.ts'

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
  const length = batch.numRows
  const column = (name: string): Vector => batch.getChild(name)!
  // One record batch has one piece a column; its buffer may be padded.
  const values = <T extends ArrayBufferView>(name: string): T => column(name).data[0].values.subarray(0, length) as T
  const letters = Uint8Array.from(namesOf(column('base')), (letter) => letter.charCodeAt(0))
  return {
    length,
    contig: values<Int32Array>('contig'),
    contigNames: namesOf(column('contig')),
    position: values<Uint32Array>('position'),
    // Made when asked for: whoever looks at values alone does without.
    get bases() {
      return lettersOf(values<Int8Array>('base'), letters)
    },
    tracks: Object.fromEntries(trackNames.map((name) => [name, values<Float32Array>(name)])),
  }
}

function lettersOf(indices: Int8Array, letters: Uint8Array): Uint8Array {
  const out = new Uint8Array(indices.length)
  for (let i = 0; i < out.length; i++) out[i] = letters[indices[i]]
  return out
}

const namesOf = (column: Vector): string[] => [...(column.data[0].dictionary as Vector<never>)] as unknown as string[]
