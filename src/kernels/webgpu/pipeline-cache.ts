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

/** Compiled pipelines of one device, by (prelude and source, entry, constants). */
export class PipelineCache {
  readonly #device: GPUDevice
  readonly #where: string
  readonly #modules = new Map<string, Promise<GPUShaderModule>>()
  readonly #pipelines = new Map<string, Map<string, Promise<GPUComputePipeline>>>()

  constructor(device: GPUDevice, where: string) {
    this.#device = device
    this.#where = where
  }

  /** Starts compiling at once; DeviceError('shader') with line and column where the shader is wrong. */
  get(shader: string, key: PipelineKey): Promise<GPUComputePipeline> {
    const { entry, constants = {}, precision = 'f32', matrix } = key
    const before = prelude(precision, matrix)
    const variant = `${entry} ${Object.entries(constants)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')} ${before}`
    let ofShader = this.#pipelines.get(shader)
    if (!ofShader) {
      ofShader = new Map()
      this.#pipelines.set(shader, ofShader)
    }
    let pipeline = ofShader.get(variant)
    if (!pipeline) {
      pipeline = this.#create(before + shader, entry, constants, variant)
      pipeline.catch(() => {}) // whoever submits it sees the failure
      ofShader.set(variant, pipeline)
    }
    return pipeline
  }

  async #create(
    shader: string,
    entry: string,
    constants: Readonly<Record<string, number>>,
    variant: string,
  ): Promise<GPUComputePipeline> {
    const module = await this.#module(shader)
    try {
      return await this.#device.createComputePipelineAsync({
        layout: 'auto',
        compute: { module, entryPoint: entry, constants },
      })
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
