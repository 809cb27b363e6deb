import { DeviceError, type GenoconvError } from '../../errors.ts'

/** A GPUError as ours; validation and internal errors are faults of a kernel of ours, not of the user's data. */
export function deviceErrorOf(where: string, error: { readonly message: string }): DeviceError {
  // By name: the classes are globals in a browser only.
  if (error.constructor.name === 'GPUOutOfMemoryError') {
    return new DeviceError('out-of-memory', {
      where,
      what: 'device memory is exhausted',
      remedy: 'give a smaller `chunk` or `memory`',
      cause: error,
    })
  }
  const what = `the device refused a command (${error.message.split('\n')[0]})`
  return new DeviceError('shader', { where, what, remedy: 'run with `device: cpu`, and report this', cause: error })
}

export const lostError = (where: string, message: string): DeviceError =>
  new DeviceError('lost', {
    where,
    what: `the device was lost (${message.split('\n')[0] || 'no reason given'})`,
    remedy: 'run again, or with `device: cpu`; with `resume` nothing that was finished is lost',
  })

/** The refusal of a device for its fault. */
export const refusal = (name: string, fault: string): DeviceError =>
  new DeviceError('wrong-results', {
    where: `gpu ${name}`,
    what: fault,
    remedy: 'run with `device: cpu`, or try another version of the driver',
  })

/**
 * What has gone wrong on a device and was not yet reported. WebGPU reports late; this collects, and the next flush or
 * read throws. Memory is forgiven once reported (the caller continues with smaller chunks); everything else stays.
 */
export class DeviceWatch {
  readonly #device: GPUDevice
  readonly #where: string
  #pending: Promise<void>[] = []
  #outOfMemory: DeviceError | undefined
  #failure: GenoconvError | undefined

  constructor(device: GPUDevice, where: string) {
    this.#device = device
    this.#where = where
    void device.lost.then((info) => {
      this.#failure ??= lostError(where, info.message)
    })
    device.addEventListener('uncapturederror', (event) => this.#note(deviceErrorOf(where, event.error)))
  }

  /** Runs `action` and reports, later, the errors of the device calls it made. */
  scoped<R>(action: () => R): R {
    const filters = ['internal', 'validation', 'out-of-memory'] as const
    for (const filter of filters) this.#device.pushErrorScope(filter)
    try {
      return action()
    } finally {
      for (const _ of filters) {
        this.#pending.push(
          this.#device.popErrorScope().then(
            (error) => error && this.#note(deviceErrorOf(this.#where, error)),
            () => {}, // the device was lost: `lost` says so
          ) as Promise<void>,
        )
      }
    }
  }

  /** A failure that ends the backend: later calls throw it. */
  fail(error: GenoconvError): void {
    this.#failure ??= error
  }

  #note(error: DeviceError): void {
    if (error.reason === 'out-of-memory') this.#outOfMemory ??= error
    else this.#failure ??= error
  }

  /** Throws if the backend has failed. */
  check(): void {
    if (this.#failure) throw this.#failure
  }

  /** Waits for the reports on everything done so far, then throws the first failure. */
  async settle(): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    await Promise.all(pending)
    // A command that used memory which could not be had is refused as well: what comes first is the memory.
    const outOfMemory = this.#outOfMemory
    this.#outOfMemory = undefined
    if (outOfMemory) {
      if (this.#failure instanceof DeviceError && this.#failure.reason === 'shader') this.#failure = undefined
      throw outOfMemory
    }
    this.check()
  }
}
