import type { FileHandle } from 'node:fs/promises'
import { Message } from './arrow.ts'
import { type DoneOutput, type MessageBlock, readAt } from './done-output.ts'

/** `ARROW1` and padding: the beginning of a file, not of a stream. */
const magicBytes = 8
const continuation = 0xffffffff
/** No schema or dictionary of ours is near it; what says it is larger is not a length. */
const mostMetadataBytes = 2 ** 28

interface Found extends MessageBlock {
  readonly message: Message
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
    const found = await readArrowMessage(handle, at, size)
    if (!found) break
    const { message, offset, metaDataLength, bodyLength } = found
    at += metaDataLength + bodyLength
    if (message.isRecordBatch()) {
      recordBatches.push({ offset, metaDataLength, bodyLength })
      rows += message.header().length
      bytes = at
    } else if (rows === 0 && (format === 'arrow' || message.isSchema())) headBytes = at
  }
  if (rows === 0) return undefined
  return { rows, bytes, head: await readAt(handle, 0, headBytes), recordBatches }
}

/** The message at `offset`; undefined where no whole one stands. */
export async function readArrowMessage(handle: FileHandle, offset: number, size: number): Promise<Found | undefined> {
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
  return { message, offset, metaDataLength, bodyLength }
}

function decode(metadata: Uint8Array): Message | undefined {
  try {
    return Message.decode(metadata)
  } catch {
    return undefined // torn
  }
}
