import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dilatedConvMatrix, linearMatrix } from '../../src/kernels/generated/wgsl.ts'
import { matrixTiles } from '../../src/kernels/webgpu/product/product.ts'
import { type FoundAdapter, findAdapter } from '../../src/kernels/webgpu/adapter.ts'
import { chooseMatrixShape, type MatrixShape } from '../../src/kernels/webgpu/matrix-shape.ts'
import { PipelineCache } from '../../src/kernels/webgpu/pipeline-cache.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { randomArray } from '../support/backends.ts'
import { denseError, dilatedError, gpuHalfSkipNote, gpuHalfSkipReason } from '../support/half-products.ts'
import { withPlayedMatrices } from '../support/played-matrices.ts'

/*
 * No device here has matrix units. What can be known without one: the compiler accepts the shaders for every shape; the shape
 * is chosen rightly; and everything around the matrix operations (tiles, padding, layouts, scales, results) is right, with
 * the operations themselves played by ordinary WGSL on an ordinary device.
 */
describe('shape of matrices', () => {
  const config = (M: number, N: number, K: number, componentType = 'f16', resultComponentType = 'f32') => ({
    componentType,
    resultComponentType,
    M,
    N,
    K,
  })
  const limits = { maxComputeInvocationsPerWorkgroup: 256 }
  const fixed = { subgroupMinSize: 32, subgroupMaxSize: 32 }
  it('f16 with f32 sums, dividing the tile, the most multiplications first', () => {
    const unfit = [
      config(16, 16, 16, 'f16', 'f16'),
      config(12, 16, 16),
      config(64, 64, 64),
      config(32, 32, 32, 'u8', 'u32'),
    ]
    const configs = [...unfit, config(8, 8, 8), config(16, 16, 16), config(16, 8, 16)]
    expect(chooseMatrixShape({ ...fixed, subgroupMatrixConfigs: configs }, limits)).toEqual({
      M: 16,
      N: 16,
      K: 16,
      subgroupSize: 32,
    })
  })
  it('none where the device has none, or a subgroup size that varies or is too large', () => {
    expect(chooseMatrixShape(fixed, limits)).toBeUndefined()
    expect(
      chooseMatrixShape({ ...fixed, subgroupMatrixConfigs: [config(16, 16, 16, 'f16', 'f16')] }, limits),
    ).toBeUndefined()
    expect(
      chooseMatrixShape(
        { subgroupMinSize: 8, subgroupMaxSize: 32, subgroupMatrixConfigs: [config(16, 16, 16)] },
        limits,
      ),
    ).toBeUndefined()
    expect(
      chooseMatrixShape(
        { subgroupMinSize: 128, subgroupMaxSize: 128, subgroupMatrixConfigs: [config(16, 16, 16)] },
        limits,
      ),
    ).toBeUndefined()
  })
  it('tiles of 64 outputs and 64 positions cover everything', () => {
    expect(matrixTiles(64, 64)).toEqual({ rows: 1, tiles: 1 })
    expect(matrixTiles(65, 1)).toEqual({ rows: 2, tiles: 1 })
    expect(matrixTiles(1, 129)).toEqual({ rows: 1, tiles: 3 })
  })
})

let instance: GPU // kept to the end: Dawn ends when its instance is collected, whatever is still running

/** Dawn's null backend compiles and checks, and computes nothing. */
describe('shaders for matrix units, by Dawn without a device', () => {
  let device: GPUDevice
  let subgroupSize: number
  beforeAll(async () => {
    const { create } = createRequire(import.meta.url)('webgpu') as { create: (options: string[]) => GPU }
    instance = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis'])
    const adapter = (await instance.requestAdapter())!
    device = await adapter.requestDevice({
      requiredFeatures: ['shader-f16', 'subgroups', 'chromium-experimental-subgroup-matrix' as GPUFeatureName],
    })
    subgroupSize = (adapter.info as { subgroupMaxSize?: number }).subgroupMaxSize!
  })
  afterAll(async () => {
    device.destroy()
    await device.lost
  })

  const shapes: Omit<MatrixShape, 'subgroupSize'>[] = [
    [16, 16, 16],
    [8, 8, 8],
    [16, 8, 16],
    [8, 16, 16],
    [32, 32, 32],
    [16, 8, 8],
  ].map(([M, N, K]) => ({ M: M, N: N, K: K }))
  /** Whether storage stands at bindings 1 to 9. */
  const isBound = (...bindings: number[]): boolean[] => Array.from({ length: 9 }, (_, i) => bindings.includes(i + 1))
  const boundOf = { product: isBound(1, 2, 3, 4, 5, 6, 7, 8), range: isBound(2, 5, 6, 7, 9) }
  const shaders = [
    ['linear', linearMatrix.code, { hasNorm: 1, hasBias: 1, hasGelu: 1 }],
    ['dilatedConv', dilatedConvMatrix.code, { hasBefore: 1, hasAfter: 1 }],
  ] as const
  for (const [name, shader, constants] of shaders) {
    it.each(shapes)(`${name} of $M x $N x $K`, async (shape) => {
      const pipelines = new PipelineCache(device, 'null device')
      // This device has subgroups of 128 in workgroups of 256: two of them, where real ones have four.
      const fitting = shader.replace('@workgroup_size(subgroupSize, 4)', '@workgroup_size(subgroupSize, 2)')
      expect(fitting).not.toBe(shader)
      const key = {
        constants: { ...constants, residualSource: 1 },
        precision: 'f16' as const,
        matrix: { ...shape, subgroupSize },
      }
      for (const entry of ['product', 'range'] as const)
        await pipelines.get(fitting, { ...key, entry }, boundOf[entry]).compiled
    })
  }
  it('and an error in one is found', async () => {
    const pipelines = new PipelineCache(device, 'null device')
    const broken = linearMatrix.code.replace(
      'subgroupMatrixMultiplyAccumulate(left, right,',
      'subgroupMatrixMultiplyAccumulate(right, left,',
    )
    expect(broken).not.toBe(linearMatrix.code)
    const key = {
      entry: 'product',
      precision: 'f16' as const,
      matrix: { M: 16, N: 8, K: 8, subgroupSize },
    }
    await expect(pipelines.get(broken, key, boundOf.product).compiled).rejects.toThrow(
      /subgroupMatrixMultiplyAccumulate/,
    )
  })
})

/** The matrix operations are played; a subgroup is one thread. M, N and K differ, so that none can stand for another. */
describe.skipIf(gpuHalfSkipReason !== undefined)(`products around played matrix units${gpuHalfSkipNote}`, () => {
  const tolerance = 2e-3 // relative L2: docs/models.md, section 4
  let b: WebGpuBackend
  beforeAll(async () => {
    b = await createWebGpuBackend({
      precision: 'f16',
      found: withPlayedMatrices((await findAdapter('f16')) as FoundAdapter, { M: 16, N: 8, K: 32 }),
    })
  })
  afterAll(() => b.destroy())

  it('are used', () => {
    expect(b.description).toMatch(/f16, matrix units/)
  })
  it.each([
    [1, 1, 1],
    [48, 96, 129],
    [33, 64, 64],
    [20, 65, 70],
    [31, 3, 63],
  ])('%i -> %i channels over %i positions', async (inChannels, outChannels, length) => {
    expect(
      await denseError(b, { inChannels, outChannels, length, weight: randomArray(outChannels * inChannels, 2) }),
    ).toBeLessThan(tolerance)
  })
  it.each([1e-30, 1e-6, 1e7, 1e30])('inputs of about %f keep their digits', async (magnitude) => {
    const [inChannels, outChannels, length] = [33, 40, 70]
    const input = randomArray(inChannels * length, 1).map((v) => v * magnitude)
    expect(
      await denseError(b, {
        inChannels,
        outChannels,
        length,
        weight: randomArray(outChannels * inChannels, 2),
        input,
        bare: true,
      }),
    ).toBeLessThan(tolerance)
  })
  it('zeros give zeros', async () => {
    expect(
      await denseError(b, {
        inChannels: 20,
        outChannels: 10,
        length: 40,
        weight: new Float32Array(200),
        input: new Float32Array(800),
        bare: true,
      }),
    ).toBe(0)
  })
  it.each([
    { inChannels: 5, outChannels: 7, width: 3, dilation: 2, length: 61 },
    { inChannels: 32, outChannels: 33, width: 11, dilation: 4, length: 150 },
  ])('dilated convolution %o', async (shape) => {
    expect(await dilatedError(b, shape)).toBeLessThan(tolerance)
  })
})
