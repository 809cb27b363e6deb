import { ConfigError } from '../../errors.ts'
import type { ByteSource } from './byte-source.ts'
import { openHttp } from './http-source.ts'

// A browser has no files of its own; this takes the place of local-file.ts in the build for browsers.

/** A text names what stands at that address, seen from the page. */
export const openLocalFile = (address: string): Promise<ByteSource> =>
  openHttp(new URL(address, globalThis.location?.href).href)

/** @throws ConfigError */
export function standardInput(): never {
  throw new ConfigError({
    where: '-',
    what: 'a browser has no standard input',
    expected: 'a File, a Blob or a URL',
    got: '-',
  })
}
