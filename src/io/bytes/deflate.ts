import { promisify } from 'node:util'
import { deflate } from 'node:zlib'

const deflated = promisify(deflate)

/** `bytes` in zlib's format, on libuv's threads. */
export const zlibDeflate = (bytes: Uint8Array): Promise<Uint8Array> => deflated(bytes)
