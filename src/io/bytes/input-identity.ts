import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ConfigError } from '../../errors.ts'
import { httpVersion } from './http-source.ts'
import { wholeFile } from './local-file.ts'
import { localPath } from './local-path.ts'
import { isWebUrl, shownUrl } from './web-url.ts'

/** What an input's content is, so that a later run can tell whether it is still the same. */
export interface InputIdentity {
  readonly bytes: number
  /** SHA-256 of a file, lower-case hex; of a URL what the server says of its version. */
  readonly content: string
  /** CRC-32 of each 256 KiB of a file, hex: tells in how many places two versions of it differ. */
  readonly segments: readonly string[]
}

export const segmentBytes = 256 * 2 ** 10

/** Reads all of a file; asks the server of an http(s) URL. FormatError where that fails; an abort passes through. */
export function identifyInput(input: string, signal?: AbortSignal): Promise<InputIdentity> {
  return isWebUrl(input) ? identifyUrl(input, signal) : identifyFile(localPath(input), signal)
}

async function identifyFile(path: string, signal?: AbortSignal): Promise<InputIdentity> {
  const hash = createHash('sha256')
  const segments: string[] = []
  let crc = 0
  let bytes = 0
  const endSegment = (): void => {
    segments.push(crc.toString(16).padStart(8, '0'))
    crc = 0
  }
  for await (const piece of wholeFile(path, signal)) {
    hash.update(piece)
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + segmentBytes - (bytes % segmentBytes))
      crc = crc32(part, crc)
      at += part.length
      bytes += part.length
      if (bytes % segmentBytes === 0) endSegment()
    }
  }
  if (bytes % segmentBytes !== 0) endSegment()
  return { bytes, content: hash.digest('hex'), segments }
}

async function identifyUrl(url: string, signal?: AbortSignal): Promise<InputIdentity> {
  const { byteCount, version } = await httpVersion(url, signal)
  if (version === '') {
    throw new ConfigError({
      where: shownUrl(url),
      what: 'the server does not say which version of the file it has, so that a change could not be told',
      expected: 'an ETag or Last-Modified header',
      got: 'neither',
      remedy: 'download the file, or run without `resume`',
    })
  }
  return { bytes: byteCount, content: version, segments: [] }
}
