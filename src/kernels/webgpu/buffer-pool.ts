import { DeviceError, LimitError } from '../../errors.ts'
import type { DeviceWatch } from './device-errors.ts'

/** GPUBufferUsage; the global exists in browsers only. */
export const bufferUsage = {
  mapRead: 0x1,
  copySource: 0x4,
  copyDestination: 0x8,
  uniform: 0x40,
  storage: 0x80,
} as const
const storageUsage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyDestination

/**
 * Storage buffers by exact size. A released buffer is handed out again at once: what uses it next is queued behind what
 * used it last. One that is let go is destroyed only after the commands that name it were submitted.
 */
export class BufferPool {
  readonly memory = { currentBytes: 0, peakBytes: 0 }
  readonly #device: GPUDevice
  readonly #watch: DeviceWatch
  readonly #where: string
  readonly #maxBufferBytes: number
  readonly #free = new Map<number, GPUBuffer[]>()
  #freeBytes = 0
  #doomed: GPUBuffer[] = []

  constructor(device: GPUDevice, watch: DeviceWatch, maxBufferBytes: number, where: string) {
    this.#device = device
    this.#watch = watch
    this.#where = where
    this.#maxBufferBytes = maxBufferBytes
  }

  /** Uninitialised storage. LimitError where no buffer may be so large; running out of memory is reported at the next flush. */
  acquire(bytes: number): GPUBuffer {
    this.#check(bytes)
    let buffer = this.#free.get(bytes)?.pop()
    if (buffer) this.#freeBytes -= bytes
    else {
      // Kept storage of other sizes gives way when it would come to more than what is in use.
      if (this.#freeBytes + bytes > this.memory.currentBytes) this.trim()
      buffer = this.#watch.scoped(() => this.#device.createBuffer({ size: bytes, usage: storageUsage }))
    }
    this.#count(bytes)
    return buffer
  }

  /** Storage that holds `data` from the start; not for reuse. */
  constant(data: Float32Array): GPUBuffer {
    const size = Math.max(16, Math.ceil(data.byteLength / 16) * 16)
    this.#check(size)
    const buffer = this.#watch.scoped(() => {
      try {
        const created = this.#device.createBuffer({ size, usage: storageUsage, mappedAtCreation: true })
        new Float32Array(created.getMappedRange()).set(data)
        created.unmap()
        return created
      } catch (cause) {
        // A mapped buffer that cannot be had is the one exception WebGPU throws at once.
        this.#watch.check()
        throw new DeviceError('out-of-memory', {
          where: this.#where,
          what: 'memory for an upload cannot be had',
          expected: `${size} bytes`,
          remedy: 'give a smaller `chunk` or `memory`',
          cause,
        })
      }
    })
    this.#count(size)
    return buffer
  }

  release(buffer: GPUBuffer): void {
    this.memory.currentBytes -= buffer.size
    this.#freeBytes += buffer.size
    const list = this.#free.get(buffer.size) ?? []
    list.push(buffer)
    this.#free.set(buffer.size, list)
  }

  discard(buffer: GPUBuffer): void {
    this.memory.currentBytes -= buffer.size
    this.#doomed.push(buffer)
  }

  /** Lets all kept storage go. */
  trim(): void {
    for (const list of this.#free.values()) this.#doomed.push(...list)
    this.#free.clear()
    this.#freeBytes = 0
  }

  /** Buffers let go since the last call: the caller destroys them when nothing unsubmitted names them. */
  takeDoomed(): GPUBuffer[] {
    const doomed = this.#doomed
    this.#doomed = []
    return doomed
  }

  #check(bytes: number): void {
    this.#watch.check()
    if (bytes > this.#maxBufferBytes) {
      throw new LimitError({
        where: this.#where,
        what: 'a buffer is larger than the device allows',
        expected: `at most ${this.#maxBufferBytes} bytes`,
        got: `${bytes}`,
        remedy: 'give a smaller `chunk`, or `device: cpu`',
        neededBytes: bytes,
      })
    }
  }

  #count(bytes: number): void {
    this.memory.currentBytes += bytes
    this.memory.peakBytes = Math.max(this.memory.peakBytes, this.memory.currentBytes)
  }
}
