import { describe, expect, it } from 'vitest'
import { engineVariant } from '../../src/kernels/cpu/engine.ts'
import { WasmScratch, type WasmSource } from '../../src/kernels/cpu/wasm.ts'
import { implicitFilterWasm } from '../../src/kernels/generated/implicit-filter.wasm.ts'
import { linearWasm } from '../../src/kernels/generated/linear.wasm.ts'
import { geluTanh } from '../oracle/linear.ts'

engineVariant() // sets the flags that the builds need

const count = 8192
/** `count` values from -most to most. */
const ramp = (most: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => most * (2 * ((i + 0.5) / count) - 1))

// Which build runs depends on the engine: all are tried here, each by itself.
describe.each(['relaxed', 'simd', 'wide'] as const)('%s build', (build) => {
  const scratchOf = <E>(source: WasmSource<E>): WasmScratch<E> => new WasmScratch(source, build)

  it('GELU', () => {
    const scratch = scratchOf(linearWasm)
    const x = ramp(30)
    x.set([Number.NaN, 0, -0, 1e30, -1e4, 100, -100, 88])
    const at = scratch.allocate(count)
    const values = scratch.floats(at, count)
    values.set(x)
    scratch.exports.activate(at, count / 4)
    expect(values[0]).toBeNaN()
    expect(values[3]).toBe(x[3])
    const errors = Array.from(
      values.subarray(4),
      (v, i) => Math.abs(v - geluTanh(x[i + 4])) / Math.max(1, Math.abs(x[i + 4])),
    )
    expect(Math.max(...errors)).toBeLessThan(3e-7)
  })

  it('sines of up to 400 radians', () => {
    const scratch = scratchOf(implicitFilterWasm)
    const width = 4
    const x = ramp(40)
    const freq = Float32Array.of(10, 9.7, 0.3, -2)
    const h = scratch.allocate(count)
    const f = scratch.allocate(2 * width)
    const values = scratch.floats(h, count)
    values.set(x)
    const halfTurns = Array.from(freq, (v) => v / Math.PI)
    scratch.floats(f, 2 * width).set([...halfTurns, ...halfTurns.map((v) => v - Math.fround(v))])
    const panel = scratch.exports.panelPositions.value
    scratch.exports.sines(h, f, width, count / panel / width)
    const errors = Array.from(values, (v, i) => Math.abs(v - Math.sin(freq[Math.floor(i / panel) % width] * x[i])))
    // Without fused multiply-add the rounding of the product, 400 * 2^-24, stays.
    expect(Math.max(...errors)).toBeLessThan(build === 'simd' ? 4e-5 : 3e-7)
  })

  it('exponential windows', () => {
    const scratch = scratchOf(implicitFilterWasm)
    const deltas = Float32Array.of(0, 3, -15.35, 90)
    const t = Float32Array.from({ length: count }, (_, i) => i / count)
    const [y, times, rates] = [scratch.allocate(4 * count), scratch.allocate(count), scratch.allocate(4)]
    const values = scratch.floats(y, 4 * count)
    values.fill(2)
    scratch.floats(times, count).set(t)
    scratch.floats(rates, 4).set(deltas)
    scratch.exports.applyWindow(y, count * 4, times, rates, 0.05, 4, count / 4)
    const errors = Array.from(values, (v, i) => {
      const expected = 2 * (Math.exp(-t[i % count] * Math.abs(deltas[Math.floor(i / count)])) + 0.05)
      return Math.abs(v - expected) / expected
    })
    expect(Math.max(...errors)).toBeLessThan(3e-7)
  })
})
