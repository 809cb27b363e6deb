import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { DeviceError } from '../../src/errors.ts'
import type { Backend } from '../../src/kernels/backend.ts'
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'
import type { CpuTensor, CpuWeights } from '../../src/kernels/cpu/cpu-tensor.ts'
import { engineVariant } from '../../src/kernels/cpu/engine.ts'
import { WorkerPool } from '../../src/kernels/cpu/pool.ts'
import type { Step } from '../../src/kernels/cpu/steps.ts'
import { geluTanh } from '../oracle/linear.ts'
import { randomArray, relativeError, tensorOf } from '../support/backends.ts'

const shared = (data: Float32Array): Float32Array => {
  const out = new Float32Array(new SharedArrayBuffer(data.byteLength))
  out.set(data)
  return out
}
const sharedWeights = (shape: number[]): CpuWeights => ({
  shape,
  data: shared(
    randomArray(
      shape.reduce((a, b) => a * b),
      3,
    ),
  ),
})

/** A program of dense layers that takes seconds. */
function longProgram(): Step[] {
  const length = 20_000
  const tensor = (): CpuTensor => ({
    channelCount: 64,
    length,
    rowStride: length,
    offset: 0,
    data: shared(new Float32Array(64 * length)),
  })
  const step: Step = { op: 'linear', args: { out: tensor(), input: tensor(), weight: sharedWeights([64, 64]) } }
  return Array.from({ length: 2000 }, () => step)
}
const shortProgram = (out: Float32Array): Step[] => {
  const tensor: CpuTensor = { channelCount: 1, length: out.length, rowStride: 16, offset: 0, data: out }
  return [{ op: 'write', args: { out: tensor, data: shared(out.map((_, i) => i)) } }]
}
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
/** Once the threads are up and the program given before is under way. */
const underWay = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300))

async function ready(workerCount: number): Promise<WorkerPool> {
  const pool = new WorkerPool(workerCount, engineVariant())
  await pool.run(shortProgram(shared(new Float32Array(4))))
  return pool
}

function embed(b: Backend, codes: Float32Array): ReturnType<Backend['tensor']> {
  const out = b.tensor(2, codes.length)
  b.ops.embedding({
    out,
    codes: tensorOf(b, 1, codes),
    table: b.weights(
      Float32Array.from({ length: 32 }, (_, i) => i),
      [16, 2],
    ),
  })
  return out
}

describe('worker pool', () => {
  it.each([1, 3])('a kernel that throws fails its program and nothing after it (%i threads)', async (threads) => {
    const b = createCpuBackend({ threads })
    const codes = new Float32Array(5000).fill(3)
    codes[2600] = 99 // in one thread's tile; the others wait for it at the end of the step
    embed(b, codes)
    const failure = await failureOf(b.flush())
    expect(failure).toBeInstanceOf(DeviceError)
    expect(failure).toMatchObject({
      reason: 'worker',
      message: expect.stringMatching(/^cpu: a compute thread failed \(.*code 99 at position 2600/),
    })
    codes[2600] = 4
    const values = await b.read(embed(b, codes))
    expect([values[2599], values[2600], values[5000 + 2600]]).toEqual([6, 8, 9])
    await b.destroy()
  })

  it('a thread that dies at work ends the program for all, and the pool says so from then on', async () => {
    const pool = await ready(3)
    const running = failureOf(pool.run(longProgram()))
    await underWay()
    await pool.workers[1].terminate()
    const failure = await running
    expect(failure).toBeInstanceOf(DeviceError)
    expect(failure).toMatchObject({
      reason: 'worker',
      message: expect.stringMatching(/^cpu: a compute thread died \(exit code 1\)/),
    })
    expect(await failureOf(pool.run(shortProgram(shared(new Float32Array(4)))))).toBe(failure)
    await pool.destroy()
  })

  it('a thread that dies while idle is noticed by the next program', async () => {
    const pool = await ready(2)
    await pool.workers[0].terminate()
    expect(await failureOf(pool.run(longProgram()))).toMatchObject({
      reason: 'worker',
      message: expect.stringContaining('died'),
    })
    await pool.destroy()
  })

  it('closing stops what runs and what waits', async () => {
    const pool = await ready(2)
    const running = failureOf(pool.run(longProgram()))
    const waiting = failureOf(pool.run(longProgram()))
    await underWay()
    await pool.destroy() // the programs would take minutes, and are not waited for: they fail
    for (const failure of [await running, await waiting])
      expect(failure).toMatchObject({ tag: 'device', reason: 'lost' })
    await pool.destroy()
  })

  it('programs run in the order they were given', async () => {
    const pool = await ready(2)
    const out = shared(new Float32Array(4))
    const data = [1, 2, 3, 4, 5].map((v) => shared(new Float32Array(4).fill(v)))
    const tensor: CpuTensor = { channelCount: 1, length: 4, rowStride: 16, offset: 0, data: out }
    await Promise.all(data.map((d) => pool.run([{ op: 'write', args: { out: tensor, data: d } }])))
    expect(Array.from(out)).toEqual([5, 5, 5, 5])
    await pool.destroy()
  })
})

describe('cpu backend', () => {
  it('a process that has nothing else to do ends, though its backend is open', async () => {
    const program = fileURLToPath(new URL('../support/idle-process.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', './scripts/typescript.mjs', program], {
      timeout: 60_000,
    })
    expect(stdout).toBe('1 2 3\n')
  })

  it.each([0, -1, 1.5, Number.NaN])('refuses %d threads', (threads) => {
    expect(() => createCpuBackend({ threads })).toThrow(
      /threads: bad number of threads: expected a whole number from 1 to 1024, got/,
    )
  })

  it('memory that cannot be had is a DeviceError, and the backend still works', async () => {
    const b = createCpuBackend({ threads: 1 })
    const before = b.memory.currentBytes
    let failure: unknown
    try {
      b.tensor(4096, 2 ** 40)
    } catch (error) {
      failure = error
    }
    expect(failure).toBeInstanceOf(DeviceError)
    const text = /^cpu: memory is exhausted: expected \d+ more bytes; give a smaller `chunk`/
    expect(failure).toMatchObject({ reason: 'out-of-memory', message: expect.stringMatching(text) })
    expect(b.memory.currentBytes).toBe(before)
    expect(Array.from(await b.read(tensorOf(b, 1, Float32Array.of(7, 8))))).toEqual([7, 8])
    await b.destroy()
  })

  it('gives the same values, bit for bit, with any number of threads', async () => {
    const x = randomArray(24 * 3000, 1)
    const results: Float32Array[] = []
    for (const threads of [1, 2, 5]) {
      const b = createCpuBackend({ threads })
      const out = b.tensor(24, 3000)
      b.ops.linear({
        out,
        input: tensorOf(b, 24, x),
        weight: b.weights(randomArray(24 * 24, 2), [24, 24]),
        activation: 'gelu',
      })
      results.push(await b.read(out))
      await b.destroy()
    }
    expect(results[0].some((v) => v !== 0)).toBe(true)
    for (const r of results) expect(relativeError(r, results[0])).toBe(0)
  })

  it('counts what is in use, and holds no more after a thousand writes and reads', async () => {
    const b = createCpuBackend({ threads: 2 })
    const data = new Float32Array(250_000)
    const tensor = b.tensor(1, data.length)
    const before = b.memory.currentBytes
    let residentBytes = 0
    for (let i = 0; i < 1000; i++) {
      b.write(tensor, data.fill(i))
      const values = await b.read(tensor)
      if (values[data.length - 1] !== i) throw new Error(`read ${values[data.length - 1]} instead of ${i}`)
      expect(values.buffer).toBeInstanceOf(ArrayBuffer)
      if (i === 200) residentBytes = process.memoryUsage().rss
    }
    expect(b.memory.currentBytes).toBe(before)
    expect(process.memoryUsage().rss - residentBytes).toBeLessThan(300e6) // 1.6 GB went through
    await b.destroy()
  })

  it('gives memory of sizes no longer wanted back to the system', async () => {
    const b = createCpuBackend({ threads: 2 })
    const residentBytes = process.memoryUsage().rss
    for (let i = 0; i < 20; i++) {
      const tensor = b.tensor(1, 18_000_000 + i * 500_000) // none fits where the one before was
      b.ops.advanceHistory({ history: tensor, input: tensor }) // writes all of it
      await b.flush()
      b.release(tensor)
    }
    expect(b.memory.currentBytes).toBe(0)
    expect(process.memoryUsage().rss - residentBytes).toBeLessThan(500e6) // of 1.8 GB
    await b.destroy()
  })

  it('weights released while steps that use them are queued keep their values', async () => {
    const b = createCpuBackend({ threads: 2 })
    const input = tensorOf(b, 1, Float32Array.of(1, -2))
    const outs = [2, 3, 4].map((factor) => {
      const out = b.tensor(1, 2)
      const weight = b.weights(Float32Array.of(factor), [1, 1])
      b.ops.linear({ out, input, weight, activation: 'gelu' })
      b.releaseWeights(weight)
      return out
    })
    for (const [i, out] of outs.entries()) {
      expect(relativeError(await b.read(out), [geluTanh(i + 2), geluTanh(-2 * (i + 2))])).toBeLessThan(1e-6)
    }
    await b.destroy()
  })

  it('refuses to work after it was closed', async () => {
    const b = createCpuBackend({ threads: 1 })
    const tensor = b.tensor(1, 4)
    await b.destroy()
    expect(() => b.tensor(1, 4)).toThrow(/the backend was closed/)
    expect(() => b.write(tensor, new Float32Array(4))).toThrow(/the backend was closed/)
    await expect(b.read(tensor)).rejects.toThrow(/the backend was closed/)
    b.release(tensor)
  })
})
