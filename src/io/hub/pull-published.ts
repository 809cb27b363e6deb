import { createReadStream } from 'node:fs'
import { createHash } from 'node:crypto'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FormatError } from '../../errors.ts'
import { writeFully } from '../bytes/write-fully.ts'
import type { DownloadProgress } from './hub.ts'
import { storageError } from './hub-errors.ts'
import { type PublishedFile, publishedFolder, type PublishedModel, type PublishedSettings } from './published.ts'

export interface PullPublishedOptions {
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Downloads a model's files into genoconv's cache. Each stands beside its name as `.partial` until size and SHA-256 are right;
 * a download that was cut is continued from there. What is there and sound is kept.
 *
 * @returns the folder
 * @throws FormatError naming the file where the server, the network or what came is wrong, LimitError where the disk is full;
 *   an abort passes through
 */
export async function pullPublished(
  model: PublishedModel,
  settings: PublishedSettings,
  options: PullPublishedOptions = {},
): Promise<string> {
  const folder = publishedFolder(settings, model)
  try {
    await mkdir(folder, { recursive: true })
    for (const file of model.files) {
      options.signal?.throwIfAborted()
      const path = join(folder, file.name)
      if (await isIntact(path, file)) continue
      await download(file, path, `${model.name} ${file.name}`, settings, options)
    }
  } catch (error) {
    throw storageError(error, settings.cacheFolder, 'GENOCONV_CACHE')
  }
  return folder
}

async function isIntact(path: string, { byteCount, sha256 }: PublishedFile): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() === true && found.size === byteCount && (await sha256Of(path)) === sha256
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function download(
  file: PublishedFile,
  path: string,
  where: string,
  settings: PublishedSettings,
  options: PullPublishedOptions,
): Promise<void> {
  const partial = `${path}.partial`
  const { byteCount, sha256 } = file
  // 1. what an earlier download left
  let doneBytes = (await stat(partial).catch(() => undefined))?.size ?? 0
  if (doneBytes > byteCount) {
    await rm(partial, { force: true })
    doneBytes = 0
  }
  // 2. the rest
  if (doneBytes < byteCount) await append(file, partial, doneBytes, where, settings, options)
  // 3. checked as a whole, then under its name
  const got = await sha256Of(partial)
  if (got !== sha256) {
    await rm(partial, { force: true })
    throw new FormatError({
      where,
      what: 'the download is damaged (SHA-256)',
      expected: sha256,
      got,
      remedy: 'nothing of it is kept; try again',
    })
  }
  await rename(partial, path)
}

/** Adds what is missing to `partial`, or all of it where the server gives no ranges. */
async function append(
  { name, repository, path, byteCount }: PublishedFile,
  partial: string,
  doneBytes: number,
  where: string,
  { githubUrl }: PublishedSettings,
  { onProgress, signal }: PullPublishedOptions,
): Promise<void> {
  const url = `${githubUrl}/${repository}/HEAD/${path}`
  const body = await bodyOf(url, doneBytes, where, signal)
  const handle = await open(partial, body.start > 0 ? 'r+' : 'w')
  try {
    let at = body.start
    const reader = body.stream.getReader()
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        signal?.throwIfAborted()
        throw cutOff(where, byteCount, at, cause)
      })
      if (done) break
      if (at + value.length > byteCount) {
        await reader.cancel().catch(() => {})
        await handle.truncate(0)
        throw new FormatError({
          where,
          what: 'the download is longer than it should be',
          expected: `${byteCount} bytes`,
          got: `at least ${at + value.length}`,
          remedy: 'nothing of it is kept; was the file replaced at its source?',
        })
      }
      await writeFully(handle, [value], at)
      at += value.length
      onProgress?.({ file: name, doneBytes: at, totalBytes: byteCount })
    }
    await handle.sync()
    if (at < byteCount) throw cutOff(where, byteCount, at)
  } finally {
    await handle.close()
  }
}

const cutOff = (where: string, byteCount: number, got: number, cause?: unknown): FormatError =>
  new FormatError({
    where,
    what: 'the download was cut',
    expected: `${byteCount} bytes`,
    got: `${got}`,
    remedy: 'pull it again: it continues from there',
    cause,
  })

interface Body {
  /** Where in the file it begins. */
  readonly start: number
  readonly stream: ReadableStream<Uint8Array>
}

async function bodyOf(url: string, from: number, where: string, signal: AbortSignal | undefined): Promise<Body> {
  // Bytes as they are: a range of a packed body would not be one of the file.
  const headers = { 'Accept-Encoding': 'identity', ...(from > 0 ? { Range: `bytes=${from}-` } : {}) }
  const { origin } = new URL(url)
  const fail = (what: string, remedy: string, cause?: unknown): never => {
    throw new FormatError({ where, what, remedy, cause })
  }
  const answer = await fetch(url, { headers, ...(signal ? { signal } : {}) }).catch((cause: unknown) => {
    signal?.throwIfAborted()
    const code = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code
    return fail(
      `${origin} cannot be reached (${code ?? (cause as Error).message})`,
      'check the network and GENOCONV_GITHUB, or fetch the file by other means and give its path',
      cause,
    )
  })
  const start = Number(/^bytes (\d+)-/.exec(answer.headers.get('content-range') ?? '')?.[1] ?? Number.NaN)
  if (answer.body && answer.status === 200) return { start: 0, stream: answer.body }
  if (answer.body && answer.status === 206 && start === from) return { start: from, stream: answer.body }
  await answer.body?.cancel().catch(() => {})
  // A server that cannot resume there sends the whole file.
  if (from > 0 && (answer.status === 416 || answer.status === 206)) return bodyOf(url, 0, where, signal)
  return fail(
    `${origin} answers with status ${answer.status}`,
    answer.status === 404 ? 'the file has moved: fetch it by other means and give its path' : 'try again later',
  )
}
