import type { FoundAdapter } from '../../src/kernels/webgpu/adapter.ts'

/** What a device that computes nothing was told. */
export interface Told {
  /** Dispatches by entry point of the shader. */
  readonly dispatches: Map<string, number>
  copies: number
  submissions: number
  bindGroups: number
}

/**
 * A device of a large card that takes no memory and computes nothing: counts what a run would ask of a real one, of any
 * size. What is read from it is zeros.
 */
export function pretendedGpu(): { found: FoundAdapter; told: Told } {
  const told: Told = { dispatches: new Map(), copies: 0, submissions: 0, bindGroups: 0 }
  const limits = {
    maxBufferSize: 2 ** 32,
    maxStorageBufferBindingSize: 2 ** 31 - 4,
    maxComputeWorkgroupStorageSize: 49_152,
    maxComputeInvocationsPerWorkgroup: 1024,
    maxComputeWorkgroupSizeX: 1024,
    maxComputeWorkgroupSizeY: 1024,
    minUniformBufferOffsetAlignment: 256,
  }
  const createBuffer = ({ size }: GPUBufferDescriptor) => {
    let mapped: ArrayBuffer | undefined
    return {
      size,
      destroy() {},
      mapAsync: async () => {},
      getMappedRange: (_: number, bytes = size) => (mapped ??= new ArrayBuffer(bytes)),
      unmap() {
        mapped = undefined
      },
    }
  }
  const createCommandEncoder = () => {
    let entry = ''
    return {
      beginComputePass: () => ({
        setPipeline(pipeline: { entry: string }) {
          entry = pipeline.entry
        },
        setBindGroup() {},
        dispatchWorkgroups() {
          told.dispatches.set(entry, (told.dispatches.get(entry) ?? 0) + 1)
        },
        end() {},
      }),
      copyBufferToBuffer() {
        told.copies++
      },
      finish: () => ({}),
    }
  }
  const device = {
    limits,
    features: new Set<string>(),
    lost: new Promise(() => {}),
    addEventListener() {},
    pushErrorScope() {},
    popErrorScope: async () => null,
    destroy() {},
    createBuffer,
    createCommandEncoder,
    createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    createComputePipelineAsync: async ({ compute }: { compute: { entryPoint: string } }) => ({
      entry: compute.entryPoint,
    }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createBindGroup() {
      told.bindGroups++
      return {}
    },
    queue: {
      submit() {
        told.submissions++
      },
      writeBuffer() {},
      onSubmittedWorkDone: async () => {},
    },
  }
  const adapter = { limits, features: new Set(), info: {}, requestDevice: async () => device }
  return {
    told,
    found: { name: 'a pretended GPU', isSoftware: false, adapter: adapter as never, gpu: {} as never },
  }
}
