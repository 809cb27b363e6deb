import type { Pipeline } from './pipeline-cache.ts'

const mostGroups = 4096

/**
 * Bind groups by layout and buffers. A run binds the same buffers over and over, and its uniforms differ by a dynamic offset
 * only, so that most dispatches find a group that was made before.
 */
export class BindGroups {
  readonly #device: GPUDevice
  readonly #groups = new Map<string, GPUBindGroup>()
  readonly #ids = new WeakMap<GPUBuffer, number>()
  #idCount = 0

  constructor(device: GPUDevice) {
    this.#device = device
  }

  /** Storage at bindings 1, 2, .., and `paramsBytes` of `params` at binding 0, from an offset that is given when it is set. */
  of(
    { layout, layoutName }: Pipeline,
    buffers: readonly (GPUBuffer | undefined)[],
    params: GPUBuffer,
    paramsBytes: number,
  ): GPUBindGroup {
    let key = `${layoutName} ${this.#idOf(params)} ${paramsBytes}`
    for (const buffer of buffers) key += buffer ? ` ${this.#idOf(buffer)}` : ' '
    let group = this.#groups.get(key)
    if (!group) {
      const entries: GPUBindGroupEntry[] = [{ binding: 0, resource: { buffer: params, size: paramsBytes } }]
      buffers.forEach((buffer, b) => {
        if (buffer) entries.push({ binding: b + 1, resource: { buffer } })
      })
      group = this.#device.createBindGroup({ layout, entries })
      if (this.#groups.size >= mostGroups) this.#groups.clear() // some name buffers that are gone
      this.#groups.set(key, group)
    }
    return group
  }

  #idOf(buffer: GPUBuffer): number {
    let id = this.#ids.get(buffer)
    if (id === undefined) {
      id = ++this.#idCount
      this.#ids.set(buffer, id)
    }
    return id
  }
}
