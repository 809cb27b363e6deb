import { create } from 'webgpu'
import { adapterFacts, type FoundAdapter } from '../../src/kernels/webgpu/adapter.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { median } from '../support.ts'

/** With f16 and matrix units wherever the device has them, and its clock as fine as it is. */
const dawnOptions = [
  'enable-dawn-features=vulkan_enable_f16_on_nvidia,allow_unsafe_apis',
  'disable-dawn-features=timestamp_quantization',
]

/** A fresh adapter: each opens one device only. */
export async function openAdapter(): Promise<FoundAdapter> {
  const gpu = create(dawnOptions)
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) throw new Error('no WebGPU adapter (on Linux this needs a Vulkan driver)')
  return { adapter, gpu, ...adapterFacts(adapter.info) }
}

/** What there is to know of it, as plain data. */
export function describeAdapter({ adapter, name, isSoftware }: FoundAdapter): object {
  const { vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize } = adapter.info
  const { subgroupMatrixConfigs = [] } = adapter.info as { subgroupMatrixConfigs?: Iterable<Record<string, unknown>> }
  const limits: Record<string, unknown> = {}
  for (const key in adapter.limits) limits[key] = adapter.limits[key as keyof GPUSupportedLimits]
  return {
    ...{ name, isSoftware, vendor, architecture, device, description, subgroupMinSize, subgroupMaxSize },
    matrices: [...subgroupMatrixConfigs].map(({ componentType, resultComponentType, M, N, K }) => ({
      ...{ componentType, resultComponentType, M, N, K },
    })),
    features: [...adapter.features].sort(),
    limits,
  }
}

export async function openBackend(precision: Precision, usesMatrixUnits: boolean): Promise<WebGpuBackend> {
  return createWebGpuBackend({ precision, usesMatrixUnits, isTimed: true, found: await openAdapter() })
}

/** Seconds of one call: the median of `reps`, by the device's clock where it has one, and by the host's, which waits for all. */
export interface CallSeconds {
  readonly device?: number
  readonly host: number
}

/** Calls are queued `calls` at a time, as a model queues its layers. */
export async function timed(b: WebGpuBackend, reps: number, run: () => void, calls = 8): Promise<CallSeconds> {
  await b.flush()
  await b.deviceSeconds?.()
  const [device, host]: [number[], number[]] = [[], []]
  for (let rep = 0; rep < reps; rep++) {
    const start = performance.now()
    for (let call = 0; call < calls; call++) run()
    await b.flush()
    host.push((performance.now() - start) / 1000 / calls)
    const seconds = await b.deviceSeconds?.()
    if (seconds !== undefined) device.push(seconds / calls)
  }
  return { ...(device.length > 0 && { device: median(device) }), host: median(host) }
}

export const best = ({ device, host }: CallSeconds): number => device ?? host

/** Throws where the relative L2 difference is beyond docs/models.md, section 4. */
export function expectClose(what: string, b: WebGpuBackend, got: readonly number[], expected: readonly number[]): void {
  const norm = (v: readonly number[]): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))
  const error = norm(got.map((v, i) => v - expected[i])) / norm(expected)
  const allowed = b.precision === 'f16' ? 2e-3 : 2e-6
  if (!(error < allowed)) throw new Error(`${what} on ${b.description}: error ${error}, allowed ${allowed}`)
}

export const values = (n: number, scale = 1): Float32Array =>
  Float32Array.from({ length: n }, () => scale * (Math.random() - 0.5))
