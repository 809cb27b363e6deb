import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../errors.ts'
import { isWebUrl } from './web-url.ts'

/** The path of an input that is a local file; undefined for URLs of servers, and for standard input. */
export const localFileOf = (input: string): string | undefined =>
  input === '-' || isWebUrl(input) ? undefined : localPath(input)

/**
 * What users call a local file, as a path: `file://` URLs are turned into one, everything else is returned as it is (paths,
 * `-`, web URLs). Every door that takes the name of an input calls it first, so that one file has one name inside.
 *
 * @throws ConfigError for a `file://` URL that names another host or no path
 */
export function localPath(input: string | URL): string {
  const text = String(input)
  if (!/^file:\/\//i.test(text)) return text
  try {
    return fileURLToPath(text)
  } catch (cause) {
    throw new ConfigError({
      where: text,
      what: 'this URL names no file of this machine',
      expected: 'file:///folder/name',
      cause,
    })
  }
}

/**
 * The name by which an output says what it was made from: without folders and, of a URL, without user, password and query,
 * which may hold a token.
 */
export const nameOfInput = (input: string | URL): string =>
  basename(isWebUrl(String(input)) ? new URL(input).pathname : localPath(input))
