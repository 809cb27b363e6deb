import cliProgress from 'cli-progress'
import { showCount, showSeconds } from '../run/show.ts'
import type { Progress } from '../predict/options.ts'

/** Rate over the last seconds rather than since the start: the first chunk prepares filters. */
const rateWindowSeconds = 20

/** A bar with rate and time left on a terminal; for a stream, whose end is not known, the count and the rate. */
export class ProgressBar {
  private readonly stream: NodeJS.WriteStream
  private readonly history: { seconds: number; bases: number }[] = []
  private bar: cliProgress.SingleBar | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
  }

  update({ contig, basesDone, basesTotal, regionsDone, regionsTotal }: Progress): void {
    const seconds = performance.now() / 1000
    this.history.push({ seconds, bases: basesDone })
    while (this.history.length > 2 && seconds - this.history[1].seconds > rateWindowSeconds) this.history.shift()
    const oldest = this.history[0]
    const rate = (basesDone - oldest.bases) / Math.max(1e-3, seconds - oldest.seconds)
    const left = basesTotal === undefined || rate <= 0 ? '' : `, ${showSeconds((basesTotal - basesDone) / rate)} left`
    const regions =
      regionsDone === undefined || regionsTotal === 1
        ? ''
        : `${showCount(regionsDone)}${regionsTotal === undefined ? '' : `/${showCount(regionsTotal)}`} regions, `
    const payload = { contig, regions, done: showCount(basesDone), rate: showCount(rate), left }
    if (!this.bar) {
      const body = basesTotal === undefined ? '' : '{bar} {percentage}% '
      this.bar = new cliProgress.SingleBar({
        format: `{contig} ${body}{regions}{done} bases, {rate} bases/s{left}`,
        stream: this.stream,
        clearOnComplete: true,
        gracefulExit: false, // signals are the program's
        barsize: 24,
        fps: 5,
        barCompleteChar: '=',
        barIncompleteChar: ' ',
      })
      this.bar.start(basesTotal ?? 1, 0, payload)
    }
    this.bar.update(basesTotal === undefined ? 0 : basesDone, payload)
  }

  /** Takes the bar away so that a line can be written; the next update draws it again. */
  clear(): void {
    this.bar?.stop()
    this.bar = undefined
  }
}
