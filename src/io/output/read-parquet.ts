import { open } from 'node:fs/promises'
import { type FileMetaData, parquetMetadataAsync, parquetRead } from 'hyparquet'
import { FormatError } from '../../errors.ts'
import { readAt } from './done-output.ts'
import type { BlockFacts, PredictionFile, RowBatch } from './prediction-file.ts'

const fixedColumns = ['contig', 'position', 'base', 'region']

/**
 * Opens a Parquet file that genoconv wrote, to read row groups of it. Not a reader of any Parquet file: columns are those of
 * `encodeParquet`. FormatError where it is missing, cut short, or something else.
 */
export async function openParquet(path: string): Promise<PredictionFile> {
  const handle = await open(path).catch((cause) => {
    const what = cause.code === 'ENOENT' ? 'no such file' : `cannot be read (${cause.code})`
    throw new FormatError({ where: path, what, cause })
  })
  try {
    const byteLength = (await handle.stat()).size
    const file = {
      byteLength,
      slice: async (start: number, end = byteLength): Promise<ArrayBuffer> =>
        (await readAt(handle, start, end - start)).slice().buffer,
    }
    const broken = (cause: unknown): never => {
      throw new FormatError({ where: path, what: 'not a complete Parquet file', remedy: 'write it again', cause })
    }
    const metadata = await parquetMetadataAsync(file).catch(broken)
    const names = metadata.schema.slice(1).map(({ name }) => name)
    if (!['contig', 'position', 'base'].every((name) => names.includes(name))) {
      const expected = 'columns contig, position, base and tracks'
      throw new FormatError({ where: path, what: 'no predictions', expected, got: names.join(', ') || 'none' })
    }
    const tracks = names.filter((name) => !fixedColumns.includes(name))
    const starts = [0]
    for (const { num_rows } of metadata.row_groups) starts.push(starts.at(-1)! + Number(num_rows))
    const columnsOf = async (block: number, wanted: string[]): Promise<Record<string, ArrayLike<unknown>>> => {
      const columns: Record<string, ArrayLike<unknown>> = {}
      await parquetRead({
        file,
        metadata,
        columns: wanted,
        rowStart: starts[block],
        rowEnd: starts[block + 1],
        onChunk({ columnName, columnData }) {
          columns[columnName] = columnData
        },
      }).catch(broken)
      return columns
    }
    const read = async (block: number): Promise<RowBatch> =>
      rowsOf(await columnsOf(block, ['contig', 'position', 'base', ...tracks]), tracks)
    return {
      metadata: new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value ?? ''])),
      tracks,
      blockCount: metadata.row_groups.length,
      facts: metadata.row_groups.map((group) => factsOf(group, tracks)),
      read,
      async readNumbers(block) {
        const columns = await columnsOf(block, ['position', ...tracks])
        return { position: positionsOf(columns), tracks: tracks.map((name) => valuesOf(columns[name])) }
      },
      async *rows() {
        for (let i = 0; i < metadata.row_groups.length; i++) yield read(i)
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function factsOf({ columns, num_rows }: FileMetaData['row_groups'][number], tracks: readonly string[]): BlockFacts {
  const range = <T>(name: string): [T, T] | undefined => {
    const { statistics } = columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name)?.meta_data ?? {}
    const { min_value: least, max_value: largest } = statistics ?? {}
    return least === undefined || largest === undefined ? undefined : [least as T, largest as T]
  }
  const positions = range<number>('position')
  const contigs = range<string>('contig')
  const mayBeRun =
    contigs && contigs[0] === contigs[1] && positions && positions[1] + 1 - positions[0] === Number(num_rows)
  return {
    rows: Number(num_rows),
    contigs,
    ...(mayBeRun && { isRun: true }),
    positions: positions && [positions[0], positions[1] + 1],
    ranges: Object.fromEntries(tracks.map((name) => [name, range<number>(name)])),
  }
}

function rowsOf(columns: Readonly<Record<string, ArrayLike<unknown>>>, tracks: readonly string[]): RowBatch {
  const names = columns['contig'] as ArrayLike<string>
  const { length } = names
  const contigNames: string[] = []
  const contig = new Int32Array(length)
  for (let i = 0, index = 0; i < length; i++) {
    if (i === 0 || names[i] !== names[i - 1]) {
      index = contigNames.indexOf(names[i])
      if (index < 0) index = contigNames.push(names[i]) - 1
    }
    contig[i] = index
  }
  return {
    length,
    contig,
    contigNames,
    position: positionsOf(columns),
    bases: Uint8Array.from(columns['base'] as ArrayLike<string>, (letter) => letter.charCodeAt(0)),
    tracks: Object.fromEntries(tracks.map((name) => [name, valuesOf(columns[name])])),
  }
}

const positionsOf = (columns: Readonly<Record<string, ArrayLike<unknown>>>): Uint32Array =>
  Uint32Array.from(columns['position'] as ArrayLike<number>)

/** NaN where a value is missing. */
const valuesOf = (column: ArrayLike<unknown>): Float32Array =>
  column instanceof Float32Array
    ? column
    : Float32Array.from(column as ArrayLike<number | null>, (value) => value ?? Number.NaN)
