import cliProgress from 'cli-progress'
import type { DownloadProgress } from '../../src/io/hub/hub.ts'
import { showBytes } from '../run/show.ts'

/** A bar for each file of a download, on a terminal only. */
export class DownloadBar {
  readonly #stream: NodeJS.WriteStream
  #bar: cliProgress.SingleBar | undefined
  #file = ''

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
  }

  update({ file, doneBytes, totalBytes }: DownloadProgress): void {
    if (!this.#stream.isTTY) return
    if (file !== this.#file) this.clear()
    this.#file = file
    if (!this.#bar) {
      this.#bar = new cliProgress.SingleBar({
        format: '{file} {bar} {percentage}% of {size}',
        stream: this.#stream,
        clearOnComplete: true,
        gracefulExit: false,
        barsize: 24,
        fps: 5,
        barCompleteChar: '=',
        barIncompleteChar: ' ',
      })
      this.#bar.start(totalBytes, 0, { file, size: showBytes(totalBytes) })
    }
    this.#bar.update(doneBytes)
  }

  clear(): void {
    this.#bar?.stop()
    this.#bar = undefined
  }
}
