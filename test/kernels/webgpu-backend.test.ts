import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { DeviceError, LimitError, ShapeError } from '../../src/errors.ts'
import { view } from '../../src/kernels/tensor.ts'
import { PipelineCache } from '../../src/kernels/webgpu/pipeline-cache.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { gpuSkipReason, poisoned, randomArray, relativeError, tensorOf } from '../support/backends.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

describe.skipIf(gpuSkipReason !== undefined)(
  `WebGPU backend${gpuSkipReason === undefined ? '' : ` (skipped: ${gpuSkipReason})`}`,
  () => {
    const opened: WebGpuBackend[] = []
    const open = async (options = {}): Promise<WebGpuBackend> => {
      const backend = await createWebGpuBackend(options)
      opened.push(backend)
      return backend
    }
    afterEach(async () => {
      for (const backend of opened.splice(0)) await backend.destroy()
    })

    const failure = async (action: () => unknown): Promise<unknown> => {
      try {
        await action()
      } catch (error) {
        return error
      }
      throw new Error('it did not fail')
    }

    it('gives back what was written, in queue order, through views and after reuse of storage', async () => {
      const b = await open()
      const a = tensorOf(
        b,
        3,
        Float32Array.from({ length: 3 * 37 }, (_, i) => i),
      )
      const part = view(a, { channelStart: 1, channelCount: 2, start: 5, length: 7 })
      b.write(part, new Float32Array(14).fill(-1))
      const first = b.read(a)
      b.write(part, new Float32Array(14).fill(-2)) // queued behind the read
      b.release(a)
      const reused = tensorOf(b, 3, new Float32Array(3 * 37).fill(9))
      const expected = Float32Array.from({ length: 3 * 37 }, (_, i) => (i >= 37 && i % 37 >= 5 && i % 37 < 12 ? -1 : i))
      expect(await first).toEqual(expected)
      expect(new Set(await b.read(reused))).toEqual(new Set([9]))
    })

    it('reads several results at once, each as it was when asked', async () => {
      const b = await open()
      const t = b.tensor(2, 1000)
      const reads = Array.from({ length: 7 }, (_, k) => {
        b.write(t, new Float32Array(2000).fill(k))
        return b.read(t)
      })
      for (const [k, values] of (await Promise.all(reads)).entries()) expect(new Set(values)).toEqual(new Set([k]))
    })

    it('counts its memory, and gives it back', async () => {
      const b = await open()
      const before = b.memory.currentBytes
      const t = b.tensor(4, 1024)
      const w = b.weights(new Float32Array(1024), [32, 32])
      expect(b.memory.currentBytes - before).toBe(4 * 1024 * 4 + 4096)
      b.release(t)
      b.releaseWeights(w)
      expect(b.memory.currentBytes).toBe(before)
      await b.flush()
    })

    it('more commands than one submission holds, with storage let go in between', async () => {
      const b = await open()
      const sum = tensorOf(b, 1, new Float32Array(64))
      const one = b.weights(Float32Array.of(1), [1, 1])
      for (let k = 0; k < 700; k++) {
        const x = tensorOf(b, 1, new Float32Array(64 + (k % 3) * 64).fill(1))
        b.ops.linear({ out: sum, input: view(x, { length: 64 }), weight: one, residual: sum })
        b.release(x)
      }
      expect(new Set(await b.read(sum))).toEqual(new Set([700]))
    })

    it('operands that share a buffer with the output', async () => {
      const b = await open()
      const all = poisoned(b, 6, 100)
      const x = randomArray(200, 1)
      const w = randomArray(8, 2)
      const input = view(all, { channelCount: 2 })
      b.write(input, x)
      b.ops.linear({ out: view(all, { channelStart: 2 }), input, weight: b.weights(w, [4, 2]) })
      const expected = Float64Array.from({ length: 400 }, (_, i) => {
        const [o, t] = [Math.floor(i / 100), i % 100]
        return w[2 * o] * x[t] + w[2 * o + 1] * x[100 + t]
      })
      expect(relativeError((await b.read(all)).subarray(200), expected)).toBeLessThan(1e-6)
    })

    it('two outputs in one buffer', async () => {
      const b = await open()
      const [channels, length] = [3, 300]
      const norm = {
        weight: b.weights(new Float32Array(channels).fill(1), [channels]),
        bias: b.weights(new Float32Array(channels), [channels]),
        epsilon: 1e-5,
      }
      const rest = {
        input: tensorOf(b, channels, randomArray(channels * length, 1)),
        norm,
        padding: 'causal' as const,
        weight: b.weights(randomArray(9 * channels, 2), [9, channels]),
        bias: b.weights(randomArray(9, 3), [9]),
        shortWeight: b.weights(randomArray(27, 4), [9, 3]),
        shortBias: b.weights(randomArray(9, 5), [9]),
      }
      const both = poisoned(b, 6, length)
      b.ops.gatedProjection({ gate: view(both, { channelCount: 3 }), value: view(both, { channelStart: 3 }), ...rest })
      const [gate, value] = [poisoned(b, 3, length), poisoned(b, 3, length)]
      b.ops.gatedProjection({ gate, value, ...rest })
      const apart = [...(await b.read(gate)), ...(await b.read(value))]
      expect(relativeError(await b.read(both), apart)).toBe(0)
    })

    it('more tiles than one dimension of a dispatch may have', async () => {
      const b = await open()
      const length = 64 * 65535 + 129
      const codes = b.tensor(1, length)
      b.write(
        codes,
        Float32Array.from({ length }, (_, t) => t % 3),
      )
      const out = b.tensor(1, length)
      b.ops.embedding({ out, codes, table: b.weights(Float32Array.of(5, 6, 7), [3, 1]) })
      const got = await b.read(out)
      expect(got.findIndex((v, t) => v !== 5 + (t % 3))).toBe(-1)
    })

    describe('failures', () => {
      it('a lost device is one clear error, for reads under way and for all that follows', async () => {
        const b = await open()
        const t = tensorOf(b, 2, new Float32Array(20))
        const pending = b.read(t)
        b.device.destroy()
        const error = await failure(() => pending)
        expect(error).toBeInstanceOf(DeviceError)
        expect(error).toMatchObject({ reason: 'lost', remedy: expect.stringContaining('`device: cpu`') })
        expect(await failure(() => b.read(t))).toMatchObject({ reason: 'lost' })
        expect(await failure(() => b.flush())).toMatchObject({ reason: 'lost' })
        expect(await failure(() => b.tensor(1, 1))).toMatchObject({ reason: 'lost' })
      })

      it('a closed backend says so', async () => {
        const b = await open()
        const t = b.tensor(1, 1)
        await b.destroy()
        expect(String(await failure(() => b.read(t)))).toMatch(/the backend was closed/)
        expect(await failure(() => b.write(t, new Float32Array(1)))).toBeInstanceOf(DeviceError)
      })

      it('a tensor larger than any buffer is a LimitError with the bytes needed', async () => {
        const b = await open()
        const length = b.limits.maxTensorBytes / 4 + 16
        const error = await failure(() => b.tensor(1, length))
        expect(error).toBeInstanceOf(LimitError)
        expect(error).toMatchObject({ neededBytes: length * 4 })
      })

      it('exhausted memory is reported once, and the backend still works', async () => {
        const b = await open()
        // Software drivers never run out; the device is made to say that it did.
        const popErrorScope = b.device.popErrorScope.bind(b.device)
        let isExhausted = true
        class GPUOutOfMemoryError extends Error {}
        b.device.popErrorScope = async () => {
          const error = await popErrorScope()
          return isExhausted ? (new GPUOutOfMemoryError('out of memory') as unknown as GPUError) : error
        }
        const t = tensorOf(b, 1, new Float32Array(4096))
        expect(await failure(() => b.read(t))).toMatchObject({
          reason: 'out-of-memory',
          remedy: expect.stringContaining('`chunk`'),
        })
        isExhausted = false
        await b.flush().catch(() => {})
        const smaller = tensorOf(b, 1, new Float32Array(16).fill(3))
        expect(new Set(await b.read(smaller))).toEqual(new Set([3]))
      })

      it('a shader that does not compile: line and column', async () => {
        const b = await open()
        const pipelines = new PipelineCache(b.device, 'gpu test')
        const shader = '// A broken shader\n@compute @workgroup_size(1)\nfn main() {\n  let x: u32 = 1.5;\n}\n'
        const error = await failure(() => pipelines.get(shader, { entry: 'main' }).compiled)
        expect(error).toMatchObject({ reason: 'shader' })
        expect(String(error)).toMatch(/A broken shader.*line 4, column 16/)
        const missing = await failure(
          () => pipelines.get('@compute @workgroup_size(1) fn main() {}', { entry: 'other' }).compiled,
        )
        expect(missing).toMatchObject({ reason: 'shader' })
        await b.flush() // the backend itself is unharmed
      })

      it('weights that do not fill their shape', async () => {
        const b = await open()
        expect(await failure(() => b.weights(new Float32Array(5), [2, 3]))).toBeInstanceOf(ShapeError)
      })
    })

    it('a program ends by itself once its backend is destroyed', () => {
      const program = `
      import { createWebGpuBackend } from './src/kernels/webgpu/webgpu-backend.ts'
      const b = await createWebGpuBackend()
      const t = b.tensor(1, 3)
      b.write(t, Float32Array.of(1, 2, 3))
      console.log((await b.read(t)).join(' '))
      await b.destroy()`
      const options = ['--import', './scripts/typescript.mjs', '--input-type=module', '-e', program]
      const run = spawnSync(process.execPath, options, { cwd: root, encoding: 'utf8', timeout: 60_000 })
      expect({ status: run.status, stdout: run.stdout }).toEqual({ status: 0, stdout: '1 2 3\n' })
    })
  },
)

describe('a machine without a GPU', () => {
  const outcome = (choice: string): { name?: string; reason: string; message: string } => {
    const program = `
      import { chooseBackend } from './src/kernels/create-backend.ts'
      try {
        const { backend, reason } = await chooseBackend('${choice}')
        console.log(JSON.stringify({ name: backend.kind, reason }))
        await backend.destroy()
      } catch (error) {
        console.log(JSON.stringify({ reason: error.reason, message: error.message }))
      }`
    const run = spawnSync(
      process.execPath,
      ['--import', './scripts/typescript.mjs', '--input-type=module', '-e', program],
      {
        cwd: root,
        encoding: 'utf8',
        timeout: 60_000,
        // The Vulkan loader finds no driver here; on systems with another backend than Vulkan this changes nothing.
        env: { ...process.env, VK_DRIVER_FILES: '/dev/null', VK_ICD_FILENAMES: '/dev/null' },
      },
    )
    expect(run.status).toBe(0)
    return JSON.parse(run.stdout) as { name?: string; reason: string; message: string }
  }
  it.skipIf(process.platform !== 'linux')(
    'auto takes the CPU and says why; gpu is one clear error (Linux only: hides the Vulkan drivers)',
    () => {
      expect(outcome('auto')).toEqual({ name: 'cpu', reason: expect.stringMatching(/^no GPU: .*(adapter|webgpu)/) })
      expect(outcome('gpu')).toEqual({
        reason: 'unavailable',
        message: expect.stringMatching(/^`device: gpu`: .*; run with `device: cpu`$/),
      })
    },
  )
})
