import type { FileHandle } from 'node:fs/promises'
import { Message } from './arrow.ts'
import { type DoneOutput, type MessageBlock, readAt } from './done-output.ts'

/** `ARROW1` and padding: the beginning of a file, not of a stream. */
const magicBytes = 8
const continuation = 0xffffffff
/** No schema or dictionary of ours is near it; what says it is larger is not a length. */
const mostMetadataBytes = 2 ** 28

interface Found extends MessageBlock {
  readonly kind: 'schema' | 'dictionary' | 'batch'
  readonly rows: number
}

/**
 * The whole record batches of an Arrow file or stream that was cut anywhere; undefined where there is none. Reads the
 * metadata and passes over the bodies. What comes after the last record batch (a torn one, dictionaries, a footer) is
 * not counted: it is written again.
 */
export async function readDoneArrow(handle: FileHandle, format: 'arrow' | 'arrows'): Promise<DoneOutput | undefined> {
  const { size } = await handle.stat()
  const recordBatches: MessageBlock[] = []
  let rows = 0
  let bytes = 0
  let headBytes = 0
  for (let at = format === 'arrow' ? magicBytes : 0; ; ) {
    const message = await readMessage(handle, at, size)
    if (!message) break
    const { kind, offset, metaDataLength, bodyLength } = message
    at += metaDataLength + bodyLength
    if (kind === 'batch') {
      recordBatches.push({ offset, metaDataLength, bodyLength })
      rows += message.rows
      bytes = at
    } else if (rows === 0 && (format === 'arrow' || kind === 'schema')) headBytes = at
  }
  if (rows === 0) return undefined
  return { rows, bytes, head: await readAt(handle, 0, headBytes), recordBatches }
}

/** The message at `offset`; undefined where no whole one stands. */
async function readMessage(handle: FileHandle, offset: number, size: number): Promise<Found | undefined> {
  const prefix = await readAt(handle, offset, 8)
  if (prefix.length < 8) return undefined
  const view = new DataView(prefix.buffer, prefix.byteOffset)
  const metadataBytes = view.getInt32(4, true)
  if (view.getUint32(0, true) !== continuation || metadataBytes <= 0 || metadataBytes > mostMetadataBytes)
    return undefined
  const metadata = await readAt(handle, offset + 8, metadataBytes)
  if (metadata.length < metadataBytes) return undefined
  const message = decode(metadata)
  if (!message) return undefined
  const metaDataLength = 8 + metadataBytes
  const { bodyLength } = message
  if (!(bodyLength >= 0) || offset + metaDataLength + bodyLength > size) return undefined
  if (message.isRecordBatch())
    return { kind: 'batch', rows: message.header().length, offset, metaDataLength, bodyLength }
  return { kind: message.isSchema() ? 'schema' : 'dictionary', rows: 0, offset, metaDataLength, bodyLength }
}

function decode(metadata: Uint8Array): Message | undefined {
  try {
    return Message.decode(metadata)
  } catch {
    return undefined // torn
  }
}
