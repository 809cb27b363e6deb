import { HubApiError } from '@huggingface/hub'
import { FormatError, GenoconvError, LimitError } from '../../errors.ts'
import type { HubSettings } from './hub-settings.ts'

/** Runs a request; what goes wrong is said in the user's terms. */
export async function asked<T>(
  where: string,
  settings: HubSettings,
  signal: AbortSignal | undefined,
  request: () => Promise<T>,
): Promise<T> {
  try {
    return await request()
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    const { hubUrl, token } = settings
    const status = error instanceof HubApiError ? error.statusCode : undefined
    const repo = where.split(' ')[0]
    if (status === 401 || status === 403) {
      throw new FormatError({
        where,
        what: `${hubUrl} refuses it (${status})`,
        cause: error,
        remedy:
          token === undefined
            ? `if it is private or gated, accept its terms at ${hubUrl}/${repo} and set HF_TOKEN; else check the name`
            : `accept its terms at ${hubUrl}/${repo} with the account of your token, or check the token and the name`,
      })
    }
    if (status === 404)
      throw new FormatError({
        where,
        what: `${hubUrl} has no such repository, revision or file (404)`,
        remedy: 'check the name',
        cause: error,
      })
    if (status !== undefined)
      throw new FormatError({
        where,
        what: `${hubUrl} answers with status ${status}`,
        remedy: 'try again later',
        cause: error,
      })
    const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code
    throw new FormatError({
      where,
      what: `${hubUrl} cannot be reached or understood (${code ?? (error as Error).message})`,
      remedy: 'check the network and HF_ENDPOINT, or give a file',
      cause: error,
    })
  }
}

/** A file-system error while writing to the cache that `variable` names, in our words; the rest as it is. */
export function storageError(error: unknown, cacheFolder: string, variable: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  if (error instanceof GenoconvError || typeof code !== 'string' || code === 'ABORT_ERR') return error
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new LimitError({
      where: cacheFolder,
      what: 'the disk is full',
      remedy: `free some space, or set ${variable}`,
      cause: error,
    })
  return new FormatError({
    where: cacheFolder,
    what: `the cache cannot be written (${code})`,
    remedy: `set ${variable} to a folder of yours`,
    cause: error,
  })
}
