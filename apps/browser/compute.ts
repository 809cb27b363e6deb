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

  /** Loads the worker, so that it is there when it is asked. */
  start(): Worker {
    if (this.#worker) return this.#worker
    const worker = new Worker(this.#url, { type: 'module' })
    worker.onerror = () => {
      if (this.#worker === worker) this.#worker = undefined // who asks next is told
    }
    this.#worker = worker
    return worker
  }

  /** Rejects with the worker's words, or with `Stopped`. */
  async ask<K extends keyof Requests>(
    kind: K,
    asked: Requests[K]['asked'],
    onEvent: (event: Event) => void = () => {},
  ): Promise<Requests[K]['answer']> {
    if (this.isBusy) throw new Error('The last request is still at work.')
    const worker = this.start()
    let own: ((error: Error) => void) | undefined
    try {
      return await new Promise<Requests[K]['answer']>((resolve, reject) => {
        own = reject
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
      if (this.#reject === own) this.#reject = undefined
    }
  }

  /** Ends what is at work, at once. */
  stop(): void {
    const reject = this.#reject
    this.#reject = undefined
    this.#end()
    reject?.(new Stopped('stopped'))
  }

  #end(): void {
    this.#worker?.terminate()
    this.#worker = undefined
  }
}
