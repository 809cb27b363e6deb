import { bufferUsage } from './buffer-pool.ts'
import type { DeviceWatch } from './device-errors.ts'

/** GPUMapMode.READ; the global exists in browsers only. */
const mapModeRead = 0x1
const granularityBytes = 1 << 16

/** Staging buffers that the host reads results from, reused in turn: several reads may be under way at once. */
export class ReadbackRing {
  readonly #device: GPUDevice
  readonly #watch: DeviceWatch
  readonly #keptCount: number
  #idle: GPUBuffer[] = []

  constructor(device: GPUDevice, watch: DeviceWatch, keptCount = 4) {
    this.#device = device
    this.#watch = watch
    this.#keptCount = keptCount
  }

  /** A staging buffer of at least `bytes`; give it back with `take`. */
  acquire(bytes: number): GPUBuffer {
    const fitting = this.#idle.find((b) => b.size >= bytes && b.size <= 4 * Math.max(bytes, granularityBytes))
    if (fitting) {
      this.#idle = this.#idle.filter((b) => b !== fitting)
      return fitting
    }
    const size = Math.min(Math.ceil(bytes / granularityBytes) * granularityBytes, this.#device.limits.maxBufferSize)
    return this.#watch.scoped(() =>
      this.#device.createBuffer({ size, usage: bufferUsage.mapRead | bufferUsage.copyDestination }),
    )
  }

  /** Waits for the device, hands the bytes to `use` (which must copy what it keeps), and takes the buffer back. */
  async take<R>(buffer: GPUBuffer, bytes: number, use: (values: Float32Array) => R): Promise<R> {
    await buffer.mapAsync(mapModeRead, 0, bytes)
    const result = use(new Float32Array(buffer.getMappedRange(0, bytes)))
    buffer.unmap()
    this.#idle.push(buffer)
    if (this.#idle.length > this.#keptCount) this.#idle.shift()!.destroy()
    return result
  }

  destroy(): void {
    for (const buffer of this.#idle) buffer.destroy()
    this.#idle = []
  }
}
