import { ConfigError, DeviceError } from '../errors.ts'
import { expectFunction, expectNumber, expectOptions, show } from '../validate.ts'
import type { Backend } from './backend.ts'
import type { Calibration } from './long-conv/cost-model.ts'
import type { Precision } from './precision.ts'
import type { FoundAdapter } from './webgpu/adapter.ts'
import type { AdapterFacts, NoAdapter } from './webgpu/adapter-facts.ts'
import { refusal } from './webgpu/device-errors.ts'

export type DeviceChoice = 'auto' | 'gpu' | 'cpu'

export interface BackendOptions {
  /** CPU workers; default all cores. */
  readonly threads?: number
  /**
   * Bytes that tensors, weights and prepared filters may take together: beyond it, LimitError. What runs by a plan and is given no
   * `memory` of its own plans for it. Not counted: values on their way in and out, and what an op needs while it runs.
   */
  readonly memoryBytes?: number
  /** CPU: what long convolutions are planned by (`measureCostConstants`), and a name for it that goes into the description. */
  readonly calibration?: Calibration
  /** Default f32. Where the device has no f16 (the CPU has none) f32 is computed, with a warning; `Backend.precision` says which. */
  readonly precision?: Precision
  /** Called with what the user should know of the choice: no GPU, a software adapter, no f16. */
  readonly onWarning?: (message: string) => void
}

/** A backend and, for people, why it was chosen: e.g. `cpu: the only adapter, llvmpipe, is software`. */
export interface ChosenBackend {
  readonly backend: Backend
  readonly reason: string
}

/** A line of `genoconv devices`. */
export interface DeviceListing {
  readonly name: string
  readonly kind: 'cpu' | 'webgpu'
  /** A GPU computed by the CPU: right, but slower than the CPU itself. */
  readonly isSoftware: boolean
  /** What came of a small convolution and a dense layer that were computed on a GPU and compared; not given for the CPU. */
  readonly check?: 'passed' | 'failed'
  /** Whether `auto` takes it. */
  readonly chosen: boolean
  readonly reason: string
}

/**
 * A place to compute. `auto` takes a real GPU, else the CPU; `gpu` takes a software adapter too, with a warning. The first
 * time in a process a GPU computes a small convolution and a dense layer, which are compared with sums of the CPU.
 *
 * @throws DeviceError('unavailable') where `gpu` is asked for and there is no adapter, or its device cannot be opened
 * @throws DeviceError('wrong-results') where `gpu` is asked for and its driver computes wrong
 */
export async function createBackend(choice: DeviceChoice = 'auto', options: BackendOptions = {}): Promise<Backend> {
  return (await chooseBackend(choice, options)).backend
}

/** `createBackend`, with the reason of the choice. `isChecked`: the GPU computed right in another process a moment ago. */
export async function chooseBackend(
  choice: DeviceChoice = 'auto',
  options: BackendOptions = {},
  { isChecked = false } = {},
): Promise<ChosenBackend> {
  expectOptions('createBackend', options)
  const { precision = 'f32', onWarning } = options
  if (precision !== 'f32' && precision !== 'f16') {
    throw new ConfigError({
      option: 'precision',
      what: 'unknown precision',
      expected: 'f32 or f16',
      got: show(precision),
    })
  }
  expectNumber('memoryBytes', options.memoryBytes, { least: 1, most: Number.POSITIVE_INFINITY })
  expectFunction('onWarning', onWarning)
  const chosen = await choose(choice, options, isChecked)
  const { kind, description, precision: used } = chosen.backend
  if (used !== precision)
    onWarning?.(
      `\`precision: ${precision}\`: ${kind === 'cpu' ? 'the CPU' : description} has no ${precision}; computing in ${used}`,
    )
  return chosen
}

async function choose(choice: DeviceChoice, options: BackendOptions, isChecked: boolean): Promise<ChosenBackend> {
  if (choice === 'cpu') return { backend: await openCpu(options), reason: 'asked for' }
  if (choice !== 'auto' && choice !== 'gpu') {
    throw new ConfigError({
      option: 'device',
      what: 'unknown device',
      expected: 'auto, gpu or cpu',
      got: show(choice),
    })
  }
  const found = await probe(options.precision)
  if (choice === 'gpu') {
    if (found.adapter && found.isSoftware) {
      options.onWarning?.(`${found.name} is a software adapter: the results are right, but \`device: cpu\` is faster`)
    }
    return { backend: await openGpu(found, options, isChecked), reason: 'asked for' }
  }
  const decision = decide(found)
  if (decision.device === 'cpu') return { backend: await openCpu(options), reason: decision.reason }
  try {
    return { backend: await openGpu(found, options, isChecked), reason: decision.reason }
  } catch (error) {
    // Only a GPU that cannot be had leads to the CPU, and never in silence.
    if (!(error instanceof DeviceError)) throw error
    options.onWarning?.(`continuing without the GPU: ${error.message}`)
    return { backend: await openCpu(options), reason: 'the GPU cannot be used' }
  }
}

/** What there is to compute on, and which of it `auto` takes, and why. A GPU is opened for the check, and closed. */
export async function listDevices(): Promise<readonly DeviceListing[]> {
  const found = await probe()
  if (!found.adapter) return listingOf(found)
  const { adapterFault } = await import('./webgpu/self-check.ts')
  return listingOf({ ...found, fault: await adapterFault(found) })
}

/** The lines for what was found and checked. */
export function listingOf(found: Parameters<typeof decide>[0]): readonly DeviceListing[] {
  const { device, reason } = decide(found)
  const isCpu = device === 'cpu'
  const cpu: DeviceListing = {
    name: 'cpu',
    kind: 'cpu',
    isSoftware: false,
    chosen: isCpu,
    reason: isCpu ? reason : 'slower than a GPU',
  }
  if (!found.adapter) return [cpu]
  const gpu: DeviceListing = {
    name: found.name,
    kind: 'webgpu',
    isSoftware: found.isSoftware,
    check: found.fault === undefined ? 'passed' : 'failed',
    chosen: !isCpu,
    reason:
      found.fault !== undefined
        ? `not used: ${found.fault}`
        : found.isSoftware
          ? 'a software adapter, taken only with `device: gpu`'
          : reason,
  }
  return [gpu, cpu]
}

/** What `auto` does with what was found. */
export function decide(found: (AdapterFacts & { readonly adapter: object }) | NoAdapter): {
  device: 'gpu' | 'cpu'
  reason: string
} {
  if (!found.adapter) return { device: 'cpu', reason: `no GPU: ${found.reason}` }
  if (found.isSoftware) return { device: 'cpu', reason: `no GPU: the only adapter, ${found.name}, is software` }
  if (found.fault !== undefined) return { device: 'cpu', reason: `no GPU: ${found.name} cannot be used` }
  return { device: 'gpu', reason: 'a GPU is faster than the CPU' }
}

// Loaded on demand: the CPU path never touches Dawn, and a browser never meets a module of Node's.
const probe = async (precision?: Precision): Promise<FoundAdapter | NoAdapter> =>
  (await import('./webgpu/adapter.ts')).findAdapter(precision)

async function openCpu({ threads, memoryBytes, calibration }: BackendOptions): Promise<Backend> {
  const { createCpuBackend } = await import('./cpu/cpu-backend.ts')
  return createCpuBackend({ threads, memoryBytes, calibration })
}

/** Name and precision of the GPUs that computed right in this process: drivers do not change under it. */
const rightOnes = new Set<string>()

async function openGpu(
  found: FoundAdapter | NoAdapter,
  { memoryBytes, precision }: BackendOptions,
  isChecked: boolean,
): Promise<Backend> {
  if (!found.adapter) {
    throw new DeviceError('unavailable', {
      where: '`device: gpu`',
      what: found.reason,
      remedy: 'run with `device: cpu`',
      cause: found.cause,
    })
  }
  const { createWebGpuBackend } = await import('./webgpu/webgpu-backend.ts')
  const backend = await createWebGpuBackend({ found, memoryBytes, precision })
  const key = `${found.name} ${backend.precision}`
  if (isChecked || rightOnes.has(key)) return backend
  const { faultOf } = await import('./webgpu/self-check.ts')
  try {
    const fault = await faultOf(backend)
    if (fault !== undefined) throw refusal(found.name, fault)
  } catch (error) {
    await backend.destroy()
    throw error
  }
  rightOnes.add(key)
  return backend
}
