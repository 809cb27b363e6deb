import { GenoconvError } from '../../errors.ts'
import { BindGroups } from './bind-groups.ts'
import { type BufferPool, bufferUsage } from './buffer-pool.ts'
import type { DeviceTimer } from './device-timer.ts'
import { deviceErrorOf, type DeviceWatch, lostError } from './device-errors.ts'
import type { Pipeline } from './pipeline-cache.ts'

export interface DispatchCommand {
  readonly pipeline: Pipeline
  /** Storage at bindings 1, 2, ..; undefined where the entry point uses none of that number. */
  readonly buffers: readonly (GPUBuffer | undefined)[]
  /** The uniform block at binding 0. */
  readonly params: Uint32Array
  readonly groups: readonly [number, number, number]
}
export interface CopyCommand {
  readonly from: GPUBuffer
  readonly fromBytes: number
  readonly to: GPUBuffer
  readonly toBytes: number
  readonly bytes: number
}
export type Command = DispatchCommand | CopyCommand

/** Commands beyond this are handed to the device without waiting for a flush, so that it does not idle. */
const submitEvery = 512

/** Commands in order; encoded and submitted together. */
export class CommandQueue {
  readonly #device: GPUDevice
  readonly #watch: DeviceWatch
  readonly #pool: BufferPool
  readonly #where: string
  readonly #timer: DeviceTimer | undefined
  readonly #bindGroups: BindGroups
  #commands: Command[] = []
  #tail: Promise<void> = Promise.resolve()
  #params: GPUBuffer | undefined

  constructor(device: GPUDevice, watch: DeviceWatch, pool: BufferPool, where: string, timer?: DeviceTimer) {
    this.#device = device
    this.#timer = timer
    this.#bindGroups = new BindGroups(device)
    this.#watch = watch
    this.#pool = pool
    this.#where = where
  }

  push(command: Command): void {
    this.#commands.push(command)
  }

  /** Called between ops, when no buffer that was let go is still to be named by a command. */
  submitIfMany(): void {
    if (this.#commands.length >= submitEvery) void this.submit().catch(() => {}) // kept by the watch, thrown at the next flush
  }

  /** Hands everything queued to the device, in order with earlier submissions; resolves when the device has it. */
  submit(): Promise<void> {
    const commands = this.#commands
    this.#commands = []
    const doomed = this.#pool.takeDoomed()
    if (commands.length === 0 && doomed.length === 0) return this.#tail
    const result = this.#tail.then(async () => {
      try {
        this.#watch.check()
        // Pipelines have been compiling since their first dispatch was queued.
        for (const command of commands)
          if ('pipeline' in command && !command.pipeline.ready) await command.pipeline.compiled
        this.#watch.check()
        this.#watch.scoped(() => this.#encode(commands))
        for (const buffer of doomed) buffer.destroy()
      } catch (cause) {
        throw await this.failureOf(cause)
      }
    })
    this.#tail = result.catch(() => {})
    return result
  }

  /** The failure behind an exception of the device: its loss, if that is what happened. It ends the backend. */
  async failureOf(cause: unknown): Promise<unknown> {
    const lost = await Promise.race([this.#device.lost, new Promise<undefined>((resolve) => setTimeout(resolve, 20))])
    try {
      if (lost) this.#watch.fail(lostError(this.#where, lost.message))
      this.#watch.check()
    } catch (failure) {
      return failure
    }
    const failure = cause instanceof GenoconvError ? cause : deviceErrorOf(this.#where, cause as Error)
    this.#watch.fail(failure)
    return failure
  }

  #encode(commands: readonly Command[]): void {
    const device = this.#device
    const alignment = device.limits.minUniformBufferOffsetAlignment
    const dispatches = commands.filter((c) => 'pipeline' in c)
    const strideBytes = Math.max(0, ...dispatches.map((c) => Math.ceil(c.params.byteLength / alignment) * alignment))
    const params = this.#writeParams(dispatches, strideBytes)
    const encoder = device.createCommandEncoder()
    let pass: GPUComputePassEncoder | undefined
    let offset = 0
    for (const command of commands) {
      if ('pipeline' in command) {
        const { pipeline, buffers, groups } = command
        const bytes = Math.ceil(command.params.byteLength / 16) * 16
        pass ??= encoder.beginComputePass({ timestampWrites: this.#timer?.next() })
        pass.setPipeline(pipeline.ready!)
        pass.setBindGroup(0, this.#bindGroups.of(pipeline, buffers, params!, bytes), [offset])
        pass.dispatchWorkgroups(...groups)
        offset += strideBytes
      } else {
        pass?.end()
        pass = undefined
        encoder.copyBufferToBuffer(command.from, command.fromBytes, command.to, command.toBytes, command.bytes)
      }
    }
    pass?.end()
    device.queue.submit([encoder.finish()])
  }

  /** All uniform blocks of one submission in one buffer; the device reads it before the next submission writes it. */
  #writeParams(dispatches: readonly DispatchCommand[], strideBytes: number): GPUBuffer | undefined {
    const bytes = dispatches.length * strideBytes
    if (bytes === 0) return undefined
    if (!this.#params || this.#params.size < bytes) {
      this.#params?.destroy()
      this.#params = this.#device.createBuffer({
        size: Math.max(bytes, 1 << 18),
        usage: bufferUsage.uniform | bufferUsage.copyDestination,
      })
    }
    const host = new Uint32Array(bytes / 4)
    dispatches.forEach((d, i) => {
      host.set(d.params, (i * strideBytes) / 4)
    })
    this.#device.queue.writeBuffer(this.#params, 0, host)
    return this.#params
  }
}
