import { afterAll, beforeAll, describe } from 'vitest'
import type { Backend } from '../../src/kernels/backend.ts'
import type { Tensor } from '../../src/kernels/tensor.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import { engineVariant } from '../../src/kernels/cpu/engine.ts'
import { findAdapter } from '../../src/kernels/webgpu/adapter.ts'
import { createWebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'

const found = await findAdapter()
/** Why the GPU's tests cannot run here, if they cannot. With GENOCONV_REQUIRE_GPU=1 they run all the same, and fail. */
export const gpuSkipReason: string | undefined =
  found.adapter || process.env['GENOCONV_REQUIRE_GPU'] === '1' ? undefined : found.reason

/** The build of the CPU's kernels that this engine does not take by itself. */
const otherVariant = engineVariant() === 'wide' ? 'relaxed' : 'wide'

interface Kind {
  readonly name: string
  readonly skipReason?: string
  readonly open: () => Promise<Backend>
}
const cpu: Kind = { name: 'cpu', open: async () => createCpuBackend({ threads: 2 }) }
const otherBuild: Kind = {
  name: `cpu (${otherVariant} build)`,
  open: async () => createCpuBackend({ threads: 2, variant: otherVariant }),
}
const gpu: Kind = { name: 'webgpu', skipReason: gpuSkipReason, open: () => createWebGpuBackend() }

/**
 * Runs one body of tests on the CPU and on the GPU. Where there is no GPU adapter (not even a software one) the GPU's tests say
 * that they skipped; with GENOCONV_REQUIRE_GPU=1 (as in CI) they fail instead.
 */
export const forEachBackend = (name: string, body: (backend: () => Backend) => void): void =>
  forEach([cpu, gpu], name, body)

/** The same with both builds of the CPU's kernels: for tests of kernels, and for one test of each model. */
export const forEachBuild = (name: string, body: (backend: () => Backend) => void): void =>
  forEach([cpu, otherBuild, gpu], name, body)

function forEach(kinds: readonly Kind[], name: string, body: (backend: () => Backend) => void): void {
  for (const { name: kind, skipReason, open } of kinds) {
    describe.skipIf(skipReason !== undefined)(
      `${name} on ${kind}${skipReason === undefined ? '' : ` (skipped: ${skipReason})`}`,
      () => {
        let backend: Backend | undefined
        beforeAll(async () => {
          backend = await open()
        })
        afterAll(async () => {
          await backend?.destroy()
        })
        body(() => backend!)
      },
    )
  }
}

/** Seeded, uniform in [-1, 1). */
export function random(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let z = Math.imul(s ^ (s >>> 15), s | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 31 - 1
  }
}
export function randomArray(count: number, seed: number): Float32Array {
  const next = random(seed)
  return Float32Array.from({ length: count }, next)
}

/** A tensor holding `data`, `[channelCount, length]` contiguous. */
export function tensorOf(backend: Backend, channelCount: number, data: Float32Array): Tensor {
  const tensor = backend.tensor(channelCount, data.length / channelCount)
  backend.write(tensor, data)
  return tensor
}
/** A tensor full of NaN: an op that does not write every output is found out. */
export function poisoned(backend: Backend, channelCount: number, length: number): Tensor {
  return tensorOf(backend, channelCount, new Float32Array(channelCount * length).fill(Number.NaN))
}

/** Largest absolute difference divided by the largest expected value; NaN anywhere gives NaN. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) return Number.NaN
  let worst = 0
  let scale = 0
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(got[i] - expected[i])
    if (!(d <= worst)) worst = d
    scale = Math.max(scale, Math.abs(expected[i]))
  }
  return worst / scale
}

/** Root of the summed squares of the differences over that of the expected values; NaN anywhere gives NaN. */
export function relativeL2(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (got.length !== expected.length) return Number.NaN
  const scale = Array.from(expected).reduce((most, v) => Math.max(most, Math.abs(v)), 0) // squares of huge values stay finite
  let difference = 0
  let whole = 0
  for (let i = 0; i < expected.length; i++) {
    difference += ((got[i] - expected[i]) / scale) ** 2
    whole += (expected[i] / scale) ** 2
  }
  return Math.sqrt(difference / whole)
}
