import { create } from 'webgpu'
import { afterEach, describe, expect, it } from 'vitest'
import { DeviceError } from '../../src/errors.ts'
import { chooseBackend, listDevices, listingOf } from '../../src/kernels/create-backend.ts'
import { faultOf } from '../../src/kernels/webgpu/self-check.ts'
import { createWebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { gpuSkipReason } from '../support/backends.ts'
import { offlineSkipReason, withoutCard } from '../support/gpu-compile.ts'
import { runProgram } from '../support/run-program.ts'

/** Kept to the end: Dawn ends when its instance is collected. */
const instances: GPU[] = []
const hadNavigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
afterEach(() => {
  if (hadNavigator) Object.defineProperty(globalThis, 'navigator', hadNavigator)
  else Reflect.deleteProperty(globalThis, 'navigator')
})

describe('a device that computes nothing (the null backend of Dawn)', () => {
  const offerNull = (): void => {
    const gpu = create(['backend=null'])
    instances.push(gpu)
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { gpu } })
  }

  it('is refused by name where it is asked for; auto takes the CPU and says so once', async () => {
    offerNull()
    const error = await chooseBackend('gpu').catch((e: unknown) => e)
    expect(error).toBeInstanceOf(DeviceError)
    expect(String(error)).toMatch(
      /^DeviceError: gpu null-backend: the driver computes a long convolution wrong: expected .*, got .*; run with `device: cpu`/,
    )
    expect((error as DeviceError).reason).toBe('wrong-results')
    const warnings: string[] = []
    const { backend, reason } = await chooseBackend('auto', { threads: 1, onWarning: (text) => warnings.push(text) })
    await backend.destroy()
    expect([backend.kind, reason]).toEqual(['cpu', 'the GPU cannot be used'])
    expect(warnings).toEqual([
      expect.stringMatching(/^continuing without the GPU: gpu null-backend: the driver computes/),
    ])
  })

  it('is listed as one that is not used', async () => {
    offerNull()
    expect(await listDevices()).toEqual([
      expect.objectContaining({
        name: 'null-backend',
        check: 'failed',
        chosen: false,
        reason: expect.stringMatching(/^not used: the driver computes a long convolution wrong/),
      }),
      expect.objectContaining({ name: 'cpu', chosen: true, reason: 'no GPU: null-backend cannot be used' }),
    ])
  })
})

describe('a GPU that computes right', () => {
  it('is listed as checked, and taken', () => {
    expect(listingOf({ adapter: {}, name: 'A GPU', isSoftware: false })[0]).toMatchObject({
      check: 'passed',
      chosen: true,
    })
  })

  it.skipIf(gpuSkipReason !== undefined)(
    `passes; a driver whose dense layers are wrong does not${gpuSkipReason === undefined ? '' : ` (skipped: ${gpuSkipReason})`}`,
    async () => {
      const backend = await createWebGpuBackend()
      try {
        expect(await faultOf(backend)).toBeUndefined()
        let reads = 0
        const wrong = {
          ...backend,
          async read(tensor: Parameters<typeof backend.read>[0]) {
            const values = await backend.read(tensor)
            if (++reads === 2) values[values.length - 1] += 0.5 // of the dense layer, a single value
            return values
          },
        }
        expect(await faultOf(wrong)).toMatch(/^the driver computes a dense layer wrong: .* got a difference of 0\.\d/)
        expect(await faultOf({ ...backend, read: async () => new Float32Array(1400).fill(Number.NaN) })).toMatch(
          /a long convolution wrong: .* NaN/,
        )
      } finally {
        await backend.destroy()
      }
    },
  )
})

describe.skipIf(offlineSkipReason !== undefined)(
  `the program with a driver that crashes as it computes${offlineSkipReason === undefined ? '' : ` (skipped: ${offlineSkipReason})`}`,
  () => {
    it('lists it as not used; --device gpu is one clear error', async () => {
      const { stdout } = await runProgram(['devices', '--json'], { env: withoutCard })
      expect(JSON.parse(stdout.toString())).toEqual([
        expect.objectContaining({
          name: expect.stringMatching(/polaris10.*radv: Mesa/),
          check: 'failed',
          chosen: false,
          reason: expect.stringMatching(/^not used: the driver fails at a test computation/),
        }),
        expect.objectContaining({ name: 'cpu', chosen: true }),
      ])
      const { code, lines } = await runProgram(['bench', '--device', 'gpu', '--bases', '1k'], { env: withoutCard })
      expect([code, ...lines]).toEqual([
        1,
        expect.stringMatching(
          /^genoconv: gpu .*polaris10.*: the driver fails at a test computation .*; run with --device cpu/,
        ),
      ])
    })
  },
)
