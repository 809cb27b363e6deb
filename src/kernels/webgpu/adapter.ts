/** Finding a WebGPU adapter: the browser's, or Dawn's (npm `webgpu`) in Node. */
import type { Precision } from '../precision.ts'
import type { AdapterFacts, NoAdapter } from './adapter-facts.ts'

export interface FoundAdapter extends AdapterFacts {
  readonly adapter: GPUAdapter
  /** Kept with the device: Dawn ends when its instance is collected. */
  readonly gpu: GPU
}

const softwareNames = /llvmpipe|lavapipe|swiftshader|softpipe|microsoft basic render/i

/** Whether an adapter only pretends to be a GPU, by its own word or by its name. */
export function adapterFacts(info: {
  description: string
  device: string
  vendor: string
  isFallbackAdapter?: boolean
}): AdapterFacts {
  const { description, vendor } = info
  const device = info.device.replace(/-+$/, '')
  const isSoftware = info.isFallbackAdapter === true || softwareNames.test(`${description} ${device}`)
  // On Vulkan the description is that of the driver; which card it is stands in `device`. Browsers may hide both.
  const both = device && description && !isSoftware
  return {
    name: both ? `${device} (${description})` : description || device || vendor || 'unnamed WebGPU adapter',
    isSoftware,
  }
}

/** Dawn keeps f16 from NVIDIA's Vulkan driver and matrix units from everybody unless it is told otherwise. */
const dawnOptions: Readonly<Record<Precision, readonly string[]>> = {
  f32: [],
  f16: ['enable-dawn-features=vulkan_enable_f16_on_nvidia,allow_unsafe_apis'],
}

/** The best adapter there is, with the features that `precision` needs; a software one where there is no other. Never throws. */
export async function findAdapter(precision: Precision = 'f32'): Promise<FoundAdapter | NoAdapter> {
  let gpu: GPU | undefined = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu
  if (!gpu) {
    if ((globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node === undefined) {
      return { reason: 'this browser has no WebGPU' }
    }
    try {
      // Not a literal, so that bundles for browsers do not try to take Dawn along.
      const specifier: string = 'webgpu'
      const { create } = (await import(specifier)) as { create: (options: readonly string[]) => GPU }
      gpu = create(dawnOptions[precision])
    } catch (cause) {
      return {
        reason: `the webgpu package does not load here (${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)})`,
        cause,
      }
    }
  }
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
    if (!adapter) return { reason: 'no WebGPU adapter was found (on Linux this needs a Vulkan driver)' }
    return { adapter, gpu, ...adapterFacts(adapter.info) }
  } catch (cause) {
    return {
      reason: `asking for a WebGPU adapter failed (${cause instanceof Error ? cause.message : String(cause)})`,
      cause,
    }
  }
}
