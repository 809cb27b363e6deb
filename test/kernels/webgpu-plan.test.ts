import { describe, expect, it } from 'vitest'
import { ConfigError, LimitError, ShapeError } from '../../src/errors.ts'
import { keptBlocks } from '../../src/kernels/long-conv/plan.ts'
import { columnLanes, maxWorkgroupPoints, planLongConvGpu } from '../../src/kernels/long-conv/plan.webgpu.ts'
import { makeTables, tableLayout } from '../../src/kernels/long-conv/tables.webgpu.ts'
import { decide } from '../../src/kernels/create-backend.ts'
import type { GpuLimits } from '../../src/kernels/webgpu/context.ts'
import { adapterFacts } from '../../src/kernels/webgpu/adapter.ts'
import { relativeError } from '../support/backends.ts'
import { transformOf } from '../support/plans.ts'

const software: GpuLimits = {
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxStorageBufferBindingSize: 2 ** 27,
}
const large: GpuLimits = {
  maxComputeWorkgroupStorageSize: 49152,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxStorageBufferBindingSize: 2 ** 31 - 4,
}
const smallest: GpuLimits = {
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxStorageBufferBindingSize: 2 ** 27,
}

describe('plans for GPUs', () => {
  const lengths = [1, 63, 64, 65, 1000, 4096, 8191, 8192, 8193, 65_536, 1_000_002, 4_194_304]
  it.each([
    ['software', software],
    ['large', large],
    ['the smallest WebGPU allows', smallest],
  ])('cover every length within the limits: %s', (_, limits) => {
    for (const length of lengths) {
      for (const filterLength of lengths) {
        const plan = planLongConvGpu({ channelCount: 3, length, filterLength }, limits)
        if (plan.method === 'direct') {
          expect(length * filterLength).toBeLessThanOrEqual(2 ** 29) // by definition only where that is little work
          continue
        }
        const [outer, inner = 1] = plan.factors as [number, number?]
        expect(outer * inner * 2).toBe(plan.fftSize)
        expect(plan.validLength).toBe(plan.fftSize - filterLength + 1)
        expect(plan.validLength * plan.segmentCount).toBeGreaterThanOrEqual(length)
        expect(plan.validLength * (plan.segmentCount - 1)).toBeLessThan(length)
        expect(outer * inner * 8).toBeLessThanOrEqual(limits.maxStorageBufferBindingSize)
        expect(Math.max(inner, plan.factors.length === 1 ? outer : 0)).toBeLessThanOrEqual(maxWorkgroupPoints(limits))
        if (plan.factors.length === 2) {
          const lanes = columnLanes(outer, limits)
          expect(lanes).toBeGreaterThanOrEqual(1)
          expect(lanes * outer * 4).toBeLessThanOrEqual(limits.maxComputeWorkgroupStorageSize)
          expect((lanes * outer) / 16).toBeLessThanOrEqual(limits.maxComputeInvocationsPerWorkgroup)
        }
      }
    }
  })
  it('one dispatch as long as a workgroup holds the block, three passes beyond', () => {
    expect(
      transformOf(planLongConvGpu({ channelCount: 1, length: 8192, filterLength: 8192 }, software)).factors,
    ).toEqual([8192])
    expect(
      transformOf(planLongConvGpu({ channelCount: 1, length: 16_000, filterLength: 16_000 }, software)).factors,
    ).toHaveLength(2)
    expect(planLongConvGpu({ channelCount: 1, length: 100_000, filterLength: 3 }, software).method).toBe('direct')
  })
  it('spectra are kept while they fit what may be spent on them', () => {
    const request = { channelCount: 4, length: 4096, filterLength: 4096 }
    expect(transformOf(planLongConvGpu({ ...request, spectrumBytes: 4 * 8192 * 4 }, software)).keepSpectra).toBe(true)
    expect(transformOf(planLongConvGpu({ ...request, spectrumBytes: 4 * 8192 * 4 - 1 }, software)).keepSpectra).toBe(
      false,
    )
  })
  it('frequency sparsity leaves out its share of the rows', () => {
    const request = { channelCount: 1, length: 20_000, filterLength: 20_000, frequencySparsity: 0.75 }
    const plan = transformOf(planLongConvGpu(request, software))
    expect(plan.segmentCount).toBe(1)
    expect(keptBlocks(plan) / plan.factors[0]).toBeCloseTo(0.25, 1)
  })
  it('refuses what cannot be', () => {
    expect(() => planLongConvGpu({ channelCount: 1, length: 10 ** 6, filterLength: 2 ** 26 }, software)).toThrow(
      LimitError,
    )
    expect(() => planLongConvGpu({ channelCount: 0, length: 5, filterLength: 5 }, software)).toThrow(ShapeError)
    expect(() =>
      planLongConvGpu({ channelCount: 1, length: 5, filterLength: 5, frequencySparsity: 1 }, software),
    ).toThrow(ConfigError)
  })
})

describe('tables of the GPU transform', () => {
  it.each([
    [16, 256],
    [64, 65536],
    [256, 2 ** 20],
  ])('columns of %i in blocks of %i: products of coarse and fine twiddles, twist', (points, blockPoints) => {
    const tables = makeTables(points, { isTwisted: true, blockPoints })
    const rows = makeTables(points, { isTwisted: false })
    const { coarseTable, fineTable, fineBits } = tableLayout(points, blockPoints)
    expect(tables.length).toBe(2 * (fineTable + 2 ** fineBits))
    const turned = (turns: number): [number, number] => [Math.cos(2 * Math.PI * turns), Math.sin(2 * Math.PI * turns)]
    const at = (i: number, from = tables): [number, number] => [from[2 * i], from[2 * i + 1]]
    for (const m of [0, 1, 4 * blockPoints - 1, Math.floor(blockPoints * 1.7)]) {
      const [[a, b], [c, d]] = [at(coarseTable + (m >> fineBits)), at(fineTable + (m & (2 ** fineBits - 1)))]
      expect(relativeError([a * c - b * d, a * d + b * c], turned(-m / (4 * blockPoints)))).toBeLessThan(2e-7)
    }
    const stride = points / 16
    for (const [index, q] of stride > 1 ? [0, 1, 2, 3, 4, 8, 12].entries() : []) {
      const place = index * stride + (stride - 1)
      const turns = (-q * (stride - 1)) / points
      expect(relativeError(at(place, rows), turned(turns))).toBeLessThan(1e-7)
      expect(relativeError(at(place), turned(turns + (index < 4 ? (stride - 1) / (4 * points) : 0)))).toBeLessThan(1e-7)
    }
  })
})

describe('the choice of a device', () => {
  const adapter = {} as GPUAdapter
  it('names software adapters, by their flag or by their name', () => {
    const info = { description: '', device: '', vendor: '' }
    expect(adapterFacts({ ...info, description: 'llvmpipe: Mesa 25.0.7' }).isSoftware).toBe(true)
    expect(adapterFacts({ ...info, device: 'SwiftShader Device' }).isSoftware).toBe(true)
    expect(adapterFacts({ ...info, device: 'Some GPU', isFallbackAdapter: true }).isSoftware).toBe(true)
    expect(adapterFacts({ ...info, description: 'NVIDIA H100 PCIe', isFallbackAdapter: false })).toEqual({
      name: 'NVIDIA H100 PCIe',
      isSoftware: false,
    })
    expect(adapterFacts({ ...info, vendor: 'apple' }).name).toBe('apple')
  })
  it('auto takes a real GPU, else the CPU, and says why', () => {
    expect(decide({ adapter, name: 'NVIDIA H100', isSoftware: false }).device).toBe('gpu')
    expect(decide({ adapter, name: 'llvmpipe', isSoftware: true })).toEqual({
      device: 'cpu',
      reason: 'no GPU: the only adapter, llvmpipe, is software',
    })
    expect(decide({ reason: 'this browser has no WebGPU' })).toEqual({
      device: 'cpu',
      reason: 'no GPU: this browser has no WebGPU',
    })
  })
})
