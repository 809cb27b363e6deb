import cliProgress from 'cli-progress'
import type { DownloadProgress } from '../../src/io/hub/hub.ts'
import { showBytes, showCount, showSeconds } from '../run/show.ts'
import type { Progress } from '../predict/options.ts'
import type { RecordProgress } from '../run/log.ts'

/** A line at the bottom of a terminal that is drawn over again; elsewhere nothing. */
class Bar {
  readonly #stream: NodeJS.WriteStream
  #bar: cliProgress.SingleBar | undefined
  readonly #clearAtExit = (): void => this.clear()

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  /** `format` and `total` count until the bar is cleared. */
  show(format: string, total: number, done: number, payload: object): void {
    if (!this.#stream.isTTY) return
    if (!this.#bar) {
      this.#bar = new cliProgress.SingleBar({
        format,
        stream: this.#stream,
        clearOnComplete: true,
        gracefulExit: false, // signals are the program's
        barsize: 24,
        fps: 5,
        barCompleteChar: '=',
        barIncompleteChar: ' ',
      })
      this.#bar.start(total, 0, payload)
      process.once('exit', this.#clearAtExit)
    }
    this.#bar.update(done, payload)
  }

  /** Takes the bar away, and the terminal wraps lines again, so that a line can be written; the next `show` draws it again. */
  clear(): void {
    this.#bar?.stop()
    this.#bar = undefined
    process.off('exit', this.#clearAtExit)
  }
}

/** Rate over the last seconds rather than since the start: the first chunk prepares filters. */
const rateWindowSeconds = 20

/** A bar with rate and time left; for a stream, whose end is not known, the count and the rate. */
export class ProgressBar {
  readonly #bar: Bar
  readonly #history: { seconds: number; done: number; fraction: number | undefined }[] = []

  constructor(stream: NodeJS.WriteStream) {
    this.#bar = new Bar(stream)
  }

  update({ contig, basesDone, basesTotal, regionsDone, regionsTotal }: Progress): void {
    const { rate } = this.#rates(basesDone, undefined)
    const left = basesTotal === undefined || rate <= 0 ? '' : `, ${showSeconds((basesTotal - basesDone) / rate)} left`
    const regions =
      regionsDone === undefined || regionsTotal === 1
        ? ''
        : `${showCount(regionsDone)}${regionsTotal === undefined ? '' : `/${showCount(regionsTotal)}`} regions, `
    const payload = { contig, regions, done: showCount(basesDone), rate: showCount(rate), left }
    const body = basesTotal === undefined ? '' : '{bar} {percentage}% '
    const format = `{contig} ${body}{regions}{done} bases, {rate} bases/s{left}`
    this.#bar.show(format, basesTotal ?? 1, basesTotal === undefined ? 0 : basesDone, payload)
  }

  /** Records of a file, whose number is not known, but how much of it has been read. */
  updateRecords({ contig, recordsDone, fraction }: RecordProgress): void {
    const { rate, fractionRate } = this.#rates(recordsDone, fraction)
    const left =
      fraction === undefined || fractionRate <= 0 ? '' : `, ${showSeconds((1 - fraction) / fractionRate)} left`
    const payload = { contig, done: showCount(recordsDone), rate: showCount(rate), left }
    const body = fraction === undefined ? '' : '{bar} {percentage}% '
    this.#bar.show(`{contig} ${body}{done} records, {rate} records/s{left}`, 1000, 1000 * (fraction ?? 0), payload)
  }

  #rates(done: number, fraction: number | undefined): { rate: number; fractionRate: number } {
    const seconds = performance.now() / 1000
    this.#history.push({ seconds, done, fraction })
    while (this.#history.length > 2 && seconds - this.#history[1].seconds > rateWindowSeconds) this.#history.shift()
    const oldest = this.#history[0]
    const passed = Math.max(1e-3, seconds - oldest.seconds)
    return { rate: (done - oldest.done) / passed, fractionRate: ((fraction ?? 0) - (oldest.fraction ?? 0)) / passed }
  }

  clear(): void {
    this.#bar.clear()
  }
}

/** A bar for each file of a download. */
export class DownloadBar {
  readonly #bar: Bar
  #file = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#bar = new Bar(stream)
  }

  update({ file, doneBytes, totalBytes }: DownloadProgress): void {
    if (file !== this.#file) this.#bar.clear()
    this.#file = file
    this.#bar.show('{file} {bar} {percentage}% of {size}', totalBytes, doneBytes, { file, size: showBytes(totalBytes) })
  }

  clear(): void {
    this.#bar.clear()
  }
}
