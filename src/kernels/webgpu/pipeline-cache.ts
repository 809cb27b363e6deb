import { DeviceError } from '../../errors.ts'
import type { Precision } from '../precision.ts'
import type { MatrixShape } from './matrix-shape.ts'
import { prelude } from './prelude.ts'

/** Names one compute pipeline of a shader. */
export interface PipelineKey {
  readonly entry: string
  /** Values of the shader's `override` constants. */
  readonly constants?: Readonly<Record<string, number>>
  /** Of the shader's `stored` values; default f32. */
  readonly precision?: Precision
  /** For shaders on matrix units. */
  readonly matrix?: MatrixShape
}

/** A pipeline that is being compiled, or is. */
export interface Pipeline {
  readonly compiled: Promise<GPUComputePipeline>
  /** Given once it is compiled. */
  readonly ready?: GPUComputePipeline
  /** Of its one bind group; pipelines whose `layoutName` is the same share it. */
  readonly layout: GPUBindGroupLayout
  readonly layoutName: string
}

const computeStage = 0x4 // GPUShaderStage.COMPUTE; the global exists in browsers only

/** Compiled pipelines of one device, by (prelude and source, entry, constants, bindings). */
export class PipelineCache {
  readonly #device: GPUDevice
  readonly #where: string
  readonly #modules = new Map<string, Promise<GPUShaderModule>>()
  readonly #pipelines = new Map<string, Map<string, Pipeline>>()
  readonly #layouts = new Map<string, GPUBindGroupLayout>()

  constructor(device: GPUDevice, where: string) {
    this.#device = device
    this.#where = where
  }

  /**
   * Starts compiling at once; `compiled` rejects with DeviceError('shader') and line and column where the shader is wrong.
   *
   * @param isBound whether storage stands at binding 1, 2, ..
   */
  get(shader: string, key: PipelineKey, isBound: readonly unknown[] = []): Pipeline {
    const { entry, constants = {}, precision = 'f32', matrix } = key
    let variant = `${entry} ${precision} ${matrix ? Object.values(matrix) : ''}`
    for (const name in constants) variant += ` ${name}=${constants[name]}`
    for (const buffer of isBound) variant += buffer ? ' 1' : ' 0'
    let ofShader = this.#pipelines.get(shader)
    if (!ofShader) {
      ofShader = new Map()
      this.#pipelines.set(shader, ofShader)
    }
    let pipeline = ofShader.get(variant)
    if (!pipeline) {
      pipeline = this.#start(prelude(precision, matrix) + shader, { entry, constants }, variant, isBound)
      ofShader.set(variant, pipeline)
    }
    return pipeline
  }

  #start(
    shader: string,
    { entry, constants }: { entry: string; constants: Readonly<Record<string, number>> },
    variant: string,
    isBound: readonly unknown[],
  ): Pipeline {
    const { layout, layoutName } = this.#layout(shader, isBound)
    const compiled = this.#create(shader, layout, variant, { entryPoint: entry, constants })
    const pipeline: { -readonly [K in keyof Pipeline]: Pipeline[K] } = { compiled, layout, layoutName }
    compiled.then(
      (ready) => {
        pipeline.ready = ready
      },
      () => {}, // whoever submits it sees the failure
    )
    return pipeline
  }

  /** The layout of what is bound, as the shader declares it. */
  #layout(shader: string, isBound: readonly unknown[]): { layout: GPUBindGroupLayout; layoutName: string } {
    const entries: GPUBindGroupLayoutEntry[] = [
      { binding: 0, visibility: computeStage, buffer: { type: 'uniform', hasDynamicOffset: true } },
    ]
    let layoutName = ''
    for (const [, number, access] of shader.matchAll(/@binding\((\d+)\) var<storage(, read_write)?/g)) {
      const binding = Number(number)
      if (!isBound[binding - 1]) continue
      const type = access ? 'storage' : 'read-only-storage'
      entries.push({ binding, visibility: computeStage, buffer: { type } })
      layoutName += `${binding}${type[0]}`
    }
    let layout = this.#layouts.get(layoutName)
    if (!layout) {
      layout = this.#device.createBindGroupLayout({ entries })
      this.#layouts.set(layoutName, layout)
    }
    return { layout, layoutName }
  }

  async #create(
    shader: string,
    bindings: GPUBindGroupLayout,
    variant: string,
    stage: { entryPoint: string; constants: Readonly<Record<string, number>> },
  ): Promise<GPUComputePipeline> {
    const module = await this.#module(shader)
    try {
      const layout = this.#device.createPipelineLayout({ bindGroupLayouts: [bindings] })
      return await this.#device.createComputePipelineAsync({ layout, compute: { module, ...stage } })
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause)
      throw this.#shaderError(shader, `pipeline ${variant}: ${text.split('\n')[0]}`, cause)
    }
  }

  #module(shader: string): Promise<GPUShaderModule> {
    let module = this.#modules.get(shader)
    if (!module) {
      module = this.#compile(shader)
      module.catch(() => {})
      this.#modules.set(shader, module)
    }
    return module
  }

  async #compile(shader: string): Promise<GPUShaderModule> {
    // A module that does not compile also raises a validation error, which says less than the messages do.
    this.#device.pushErrorScope('validation')
    const module = this.#device.createShaderModule({ code: shader })
    const refused = this.#device.popErrorScope()
    const { messages } = await module.getCompilationInfo()
    await refused.catch(() => null)
    const error = messages.find((m) => m.type === 'error')
    if (error)
      throw this.#shaderError(shader, `line ${error.lineNum}, column ${error.linePos}: ${error.message}`, error)
    return module
  }

  #shaderError(shader: string, message: string, cause: unknown): DeviceError {
    const title = shader
      .split('\n', 1)[0]
      .replace(/^.*?\/\/\s*/, '')
      .slice(0, 80)
    return new DeviceError('shader', {
      where: this.#where,
      what: `a shader does not compile here (${title}): ${message}`,
      remedy: 'run with `device: cpu`, and report this with the driver version',
      cause,
    })
  }
}
