import { bufferUsage } from './buffer-pool.ts'

/** GPUBufferUsage and GPUMapMode; the globals exist in browsers only. */
const queryResolve = 0x200
const mapModeRead = 0x1
const mostPasses = 2048

/** Seconds that compute passes took by the device's own clock, copies and waits not counted. Needs `timestamp-query`. */
export class DeviceTimer {
  readonly #device: GPUDevice
  readonly #queries: GPUQuerySet
  #passCount = 0

  constructor(device: GPUDevice) {
    this.#device = device
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 * mostPasses })
  }

  /** What the next pass writes; undefined once there are more passes than queries. */
  next(): GPUComputePassTimestampWrites | undefined {
    const first = 2 * this.#passCount++
    if (first >= 2 * mostPasses) return undefined
    return { querySet: this.#queries, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 }
  }

  /** Of all passes submitted since the last call; undefined where they were too many. They must have ended. */
  async seconds(): Promise<number | undefined> {
    const passCount = this.#passCount
    this.#passCount = 0
    if (passCount > mostPasses) return undefined
    if (passCount === 0) return 0
    const bytes = 16 * passCount
    const [resolved, staging] = [
      queryResolve | bufferUsage.copySource,
      bufferUsage.mapRead | bufferUsage.copyDestination,
    ].map((usage) => this.#device.createBuffer({ size: bytes, usage })) as [GPUBuffer, GPUBuffer]
    const encoder = this.#device.createCommandEncoder()
    encoder.resolveQuerySet(this.#queries, 0, 2 * passCount, resolved, 0)
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes)
    this.#device.queue.submit([encoder.finish()])
    await staging.mapAsync(mapModeRead)
    const times = new BigUint64Array(staging.getMappedRange())
    let nanoseconds = 0n
    for (let i = 0; i < times.length; i += 2) nanoseconds += times[i + 1] - times[i]
    resolved.destroy()
    staging.destroy()
    return Number(nanoseconds) / 1e9
  }
}
