import { DeviceError, LimitError } from '../../errors.ts'
import type { MemoryAccount } from '../memory-account.ts'
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
  readonly #memory: MemoryAccount
  readonly #device: GPUDevice
  readonly #watch: DeviceWatch
  readonly #where: string
  readonly #maxBufferBytes: number
  readonly #free = new Map<number, GPUBuffer[]>()
  #freeBytes = 0
  /** Of storage and constants that were not given back. */
  #usedBytes = 0
  #doomed: GPUBuffer[] = []

  constructor(device: GPUDevice, watch: DeviceWatch, memory: MemoryAccount, maxBufferBytes: number, where: string) {
    this.#device = device
    this.#watch = watch
    this.#memory = memory
    this.#where = where
    this.#maxBufferBytes = maxBufferBytes
  }

  /** Uninitialised storage. LimitError where no buffer may be so large, or all of them together; running out of memory is reported at the next flush. */
  acquire(bytes: number): GPUBuffer {
    this.#check(bytes)
    this.#memory.take(bytes)
    return this.#storage(bytes)
  }

  /** The same for the op being queued: given back with `releaseScratch`, and not counted among what the backend has handed out. */
  scratch(bytes: number): GPUBuffer {
    this.#check(bytes)
    return this.#storage(bytes)
  }

  #storage(bytes: number): GPUBuffer {
    let buffer = this.#free.get(bytes)?.pop()
    if (buffer) this.#freeBytes -= bytes
    else {
      // Kept storage of other sizes gives way when it would come to more than what is in use, or with it to more than may be.
      const { currentBytes, maxBytes = Number.POSITIVE_INFINITY } = this.#memory
      if (this.#freeBytes + bytes > this.#usedBytes || this.#freeBytes + currentBytes > maxBytes) this.trim()
      buffer = this.#watch.scoped(() => this.#device.createBuffer({ size: bytes, usage: storageUsage }))
    }
    this.#usedBytes += bytes
    return buffer
  }

  /** Storage that holds `data` from the start; not for reuse. */
  constant(data: Float32Array): GPUBuffer {
    const size = constantBytes(data)
    this.#check(size)
    this.#memory.take(size)
    try {
      const buffer = this.#filled(data, size)
      this.#usedBytes += size
      return buffer
    } catch (error) {
      this.#memory.giveBack(size)
      throw error
    }
  }

  /** The same for what is queued next only: it is let go with it, and not counted. */
  passing(data: Float32Array): GPUBuffer {
    const size = constantBytes(data)
    this.#check(size)
    const buffer = this.#filled(data, size)
    this.#doomed.push(buffer)
    return buffer
  }

  #filled(data: Float32Array, size: number): GPUBuffer {
    return this.#watch.scoped(() => {
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
  }

  release(buffer: GPUBuffer): void {
    this.#memory.giveBack(buffer.size)
    this.releaseScratch(buffer)
  }

  releaseScratch(buffer: GPUBuffer): void {
    this.#usedBytes -= buffer.size
    this.#freeBytes += buffer.size
    const list = this.#free.get(buffer.size) ?? []
    list.push(buffer)
    this.#free.set(buffer.size, list)
  }

  discard(buffer: GPUBuffer): void {
    this.#memory.giveBack(buffer.size)
    this.#usedBytes -= buffer.size
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
}

const constantBytes = (data: Float32Array): number => Math.max(16, Math.ceil(data.byteLength / 16) * 16)
