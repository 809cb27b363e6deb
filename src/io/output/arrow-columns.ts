import type { FileHandle } from 'node:fs/promises'
import { DataType, type Schema, type Vector } from './arrow.ts'
import { readArrowMessage } from './done-arrow.ts'
import { readAt } from './done-output.ts'
import type { BlockFacts, NumberColumns } from './prediction-file.ts'

/** `ARROW1` and padding. */
const magicBytes = 8
/** Rows of a record batch that are looked at to say where its rows lie. */
const looks = 8
/** Record batches that are looked at together. */
const atOnce = 16

interface PlacedBatch {
  readonly rows: number
  /** Of the values of each field, from the beginning of the file. */
  readonly offsets: readonly number[]
}

/** Columns of an Arrow file, read by range, and what that says of its record batches. */
export interface ArrowColumns {
  readonly facts: readonly BlockFacts[]
  read(block: number): Promise<NumberColumns>
}

/**
 * Finds where the columns stand in a file that genoconv wrote; undefined where they do not stand as we write them. Reads the
 * metadata of each record batch and single values of it.
 */
export async function findArrowColumns(
  handle: FileHandle,
  schema: Schema,
  dictionaries: ReadonlyMap<number, Vector>,
  blockCount: number,
): Promise<ArrowColumns | undefined> {
  const names = schema.fields.map(({ name }) => name)
  const tracks = names.filter((name) => !['contig', 'position', 'base', 'region'].includes(name))
  const contigType = schema.fields[names.indexOf('contig')].type
  const isOurs =
    DataType.isDictionary(contigType) &&
    contigType.indices.bitWidth === 32 &&
    isUint32(schema.fields[names.indexOf('position')].type) &&
    schema.fields.every(({ name, type }) => !tracks.includes(name) || (DataType.isFloat(type) && type.precision === 1))
  const batches = isOurs ? await findBatches(handle, names.length) : []
  if (batches.length !== blockCount || blockCount === 0) return undefined
  const contigNames = [...(dictionaries.get((contigType as { id: number }).id) ?? [])] as string[]
  const valueAt = async (block: number, name: string, row: number): Promise<number> => {
    const bytes = await readAt(handle, batches[block].offsets[names.indexOf(name)] + 4 * row, 4)
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  }
  /** Regions may lie anywhere, and overlap: without them, rows that pass a few looks follow one another. */
  const look = async (block: number): Promise<BlockFacts> => {
    const { rows } = batches[block]
    if (rows === 0 || names.includes('region')) return { rows }
    const seen = Array.from({ length: looks }, (_, i) => Math.round((i * (rows - 1)) / (looks - 1)))
    const [contigs, positions] = await Promise.all(
      ['contig', 'position'].map((name) => Promise.all(seen.map((row) => valueAt(block, name, row)))),
    )
    const [contig, start] = [contigNames[contigs[0]], positions[0]]
    const isRun = contigs.every((one) => one === contigs[0]) && positions.every((one, i) => one === start + seen[i])
    return isRun ? { rows, contigs: [contig, contig], positions: [start, start + rows], isRun } : { rows }
  }
  const facts: BlockFacts[] = []
  for (let block = 0; block < blockCount; block += atOnce)
    facts.push(...(await Promise.all([...batches.slice(block, block + atOnce).keys()].map((i) => look(block + i)))))
  return {
    facts,
    async read(block) {
      const { rows, offsets } = batches[block]
      const column = async (name: string): Promise<Uint8Array> =>
        (await readAt(handle, offsets[names.indexOf(name)], 4 * rows)) as Uint8Array
      const [position, ...values] = await Promise.all(['position', ...tracks].map(column))
      return {
        position: new Uint32Array(position.buffer, 0, position.byteLength >> 2),
        tracks: values.map(({ buffer, byteLength }) => new Float32Array(buffer, 0, byteLength >> 2)),
      }
    },
  }
}

const isUint32 = (type: DataType): boolean => DataType.isInt(type) && type.bitWidth === 32 && !type.isSigned

async function findBatches(handle: FileHandle, fieldCount: number): Promise<PlacedBatch[]> {
  const { size } = await handle.stat()
  const found: PlacedBatch[] = []
  for (let at = magicBytes; ; ) {
    const next = await readArrowMessage(handle, at, size)
    if (!next) return found
    const { message, metaDataLength, bodyLength } = next
    if (message.isRecordBatch()) {
      const { length, buffers, compression } = message.header()
      if (compression || buffers.length !== 2 * fieldCount) return []
      const offsets = Array.from({ length: fieldCount }, (_, f) => at + metaDataLength + buffers[2 * f + 1].offset)
      found.push({ rows: length, offsets })
    }
    at += metaDataLength + bodyLength
  }
}
