import type { Asked, Event, Reply, Requests } from './messages.ts'

/** A request was stopped. */
export class Stopped extends Error {}

/** The worker, seen from the page: one request at a time; started when it is needed, ended to stop it. */
export class Compute {
  readonly #url: string | URL
  #worker: Worker | undefined
  #reject: ((error: Error) => void) | undefined

  constructor(url: string | URL) {
    this.#url = url
  }

  get isBusy(): boolean {
    return this.#reject !== undefined
  }

  /** Rejects with the worker's words, or with `Stopped`. */
  async ask<K extends keyof Requests>(
    kind: K,
    asked: Requests[K]['asked'],
    onEvent: (event: Event) => void = () => {},
  ): Promise<Requests[K]['answer']> {
    if (this.isBusy) throw new Error('The last request is still at work.')
    this.#worker ??= new Worker(this.#url, { type: 'module' })
    const worker = this.#worker
    try {
      return await new Promise<Requests[K]['answer']>((resolve, reject) => {
        this.#reject = reject
        worker.onmessage = ({ data }: MessageEvent<Reply>) => {
          if (data.kind === 'event') onEvent(data.event)
          else if (data.kind === 'answer') resolve(data.answer as Requests[K]['answer'])
          else reject(new Error(data.text))
        }
        worker.onerror = (event) => {
          this.#end()
          reject(new Error(`The worker failed: ${event.message || 'it could not be started'}`))
        }
        worker.postMessage({ kind, ...asked } as Asked)
      })
    } finally {
      this.#reject = undefined
    }
  }

  /** Ends what is at work, at once. */
  stop(): void {
    const reject = this.#reject
    this.#end()
    reject?.(new Stopped('stopped'))
  }

  #end(): void {
    this.#worker?.terminate()
    this.#worker = undefined
  }
}
