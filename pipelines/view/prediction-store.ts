import { open, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { FormatError } from '../../src/errors.ts'
import type { Region } from '../../src/genome.ts'
import { readAt } from '../../src/io/output/done-output.ts'
import type { PredictionFile } from '../../src/io/output/prediction-file.ts'
import { openPredictions } from '../../src/io/output/read-arrow.ts'
import { openParquet } from '../../src/io/output/read-parquet.ts'
import { BinnedTracks } from './bin-table.ts'
import { type Covered, ScannedFile } from './scanned-file.ts'

/** The largest value of a track in a stretch, and where it stands; undefined where it has none. */
export interface Peak {
  readonly position: number
  readonly value: number
}

/** So many bases are read when they are asked for: their picture is exact, whatever was read before. */
const readAtOnce = 2 ** 18

/**
 * One file of predictions, Arrow or Parquet, read by range as it is. A file that was changed is read anew before anything is
 * said of it.
 */
export class PredictionStore {
  readonly path: string
  readonly #patience: number
  #state: { readonly identity: string; readonly file: Promise<ScannedFile>; readonly opened: number } | undefined
  #isClosed = false

  /** @param patience milliseconds after the opening that are waited for bins of rows that were not read yet; then what is known is told */
  constructor(path: string, patience = Number.POSITIVE_INFINITY) {
    this.path = path
    this.#patience = patience
  }

  get name(): string {
    return basename(this.path)
  }

  /** @throws FormatError where the file is missing, incomplete or no file of predictions */
  async file(): Promise<ScannedFile> {
    const identity = await identify(this.path)
    if (this.#state?.identity !== identity) {
      const before = this.#state
      this.#state = { identity, file: openScanned(this.path), opened: performance.now() }
      void before?.file.then((file) => file.close()).catch(() => {})
    }
    return this.#state.file
  }

  async contigs(): Promise<readonly Covered[]> {
    const file = await this.file()
    await file.overview
    return file.contigs()
  }

  /** Waits for all rows to be read, as long as patience lasts. Throws what reading them met. */
  async settle(file: ScannedFile): Promise<void> {
    await file.overview
    if (this.#patience === Number.POSITIVE_INFINITY) return file.complete
    const left = this.#patience - (performance.now() - (this.#state?.opened ?? 0))
    if (left <= 0) return Promise.race([file.complete, undefined])
    const timer = new AbortController()
    const wait = sleep(left, undefined, { signal: timer.signal }).catch(() => {})
    await Promise.race([file.complete, wait]).finally(() => timer.abort())
  }

  /** Least and largest values in `count` bins of `region`, or its values where there are fewer bases. */
  async bins(region: Region, count: number): Promise<BinnedTracks> {
    const file = await this.file()
    const out = new BinnedTracks(file.tracks.length, region.start, region.end, count)
    const bases = region.end - region.start
    if (bases > readAtOnce && bases / out.count >= file.binBases) {
      await this.settle(file)
      out.isPartial = file.progress < 1
      file.bins(region, out)
      return out
    }
    for (const { start, end, values } of await file.values(region))
      for (const [k, one] of values.entries()) out.addValues(k, start, one.subarray(0, end - start))
    return out
  }

  /** The largest value of each track in `region`, as the file has it. */
  async peaks(region: Region): Promise<(Peak | undefined)[]> {
    const file = await this.file()
    const peaks = file.tracks.map((): Peak | undefined => undefined)
    for (const { start, values } of await file.values(region))
      for (const [k, one] of values.entries())
        for (let i = 0; i < one.length; i++)
          if (one[i] > (peaks[k]?.value ?? Number.NEGATIVE_INFINITY)) peaks[k] = { position: start + i, value: one[i] }
    return peaks
  }

  /** Letters of `region` as the file has them, `.` where it has no row. */
  async bases(region: Region): Promise<string> {
    const letters = Array.from({ length: region.end - region.start }, () => '.')
    for (const { start, bases } of await (await this.file()).values(region))
      for (const [i, letter] of bases.entries()) letters[start + i - region.start] = String.fromCharCode(letter)
    return letters.join('')
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#state?.file.then(
      (file) => file.close(),
      () => {},
    )
  }
}

async function identify(path: string): Promise<string> {
  const { size, mtimeMs, ino } = await stat(path).catch((cause) => {
    throw new FormatError({
      where: path,
      what: cause.code === 'ENOENT' ? 'no such file' : `cannot be read (${cause.code})`,
      cause,
    })
  })
  return `${size} ${mtimeMs} ${ino}`
}

async function openScanned(path: string): Promise<ScannedFile> {
  const file = await openByContent(path)
  if (file.blockCount > 0 && file.tracks.length > 0) return new ScannedFile(file)
  await file.close()
  throw new FormatError({ where: path, what: file.blockCount > 0 ? 'has no tracks' : 'has no rows' })
}

async function openByContent(path: string): Promise<PredictionFile> {
  const handle = await open(path).catch((cause) => {
    throw new FormatError({ where: path, what: `cannot be read (${cause.code})`, cause })
  })
  let start: string
  try {
    if (!(await handle.stat()).isFile())
      throw new FormatError({ where: path, what: 'is no file', expected: 'an Arrow or Parquet file of predictions' })
    start = new TextDecoder('latin1').decode(await readAt(handle, 0, 8))
  } finally {
    await handle.close()
  }
  if (start.startsWith('PAR1')) return openParquet(path)
  if (start.startsWith('ARROW1')) return openPredictions(path, true)
  throw new FormatError({
    where: path,
    what: 'is no file of predictions',
    expected: 'Arrow (.arrow) or Parquet (.parquet), as predict writes them',
    got: start.startsWith('\xff\xff\xff\xff') ? 'an Arrow stream' : start === '' ? 'an empty file' : 'something else',
    remedy: 'write it with `format: arrow`',
  })
}
