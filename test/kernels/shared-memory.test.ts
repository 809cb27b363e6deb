import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SharedMemory } from '../../src/kernels/cpu/shared-memory.ts'

it('pieces in use never overlap, and what was given back serves again', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ floats: fc.integer({ min: 0, max: 3000 }), victim: fc.option(fc.nat()) }), {
        maxLength: 120,
      }),
      (steps) => {
        const memory = new SharedMemory(2)
        const live: { array: Float32Array; mark: number }[] = []
        steps.forEach(({ floats, victim }, i) => {
          const array = memory.allocate(floats)
          expect(array.length).toBe(floats)
          expect(array.byteOffset % 64).toBe(0)
          live.push({ array: array.fill(i), mark: i })
          if (victim !== null) memory.free(live.splice(victim % live.length, 1)[0].array)
        })
        for (const { array, mark } of live) expect(array.every((v) => v === mark)).toBe(true)
        const buffers = new Set(live.map(({ array }) => array.buffer))
        expect(buffers.size).toBeLessThanOrEqual(1) // all of it fits one segment
        for (const { array } of live) memory.free(array)
        const whole = memory.allocate(4 << 20) // the holes have become one again
        if (buffers.size === 1) expect(buffers.has(whole.buffer)).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
})

it('gives up an empty buffer that is too small for what is asked, and says so once', () => {
  const memory = new SharedMemory(2)
  const small = memory.allocate(100)
  memory.allocate(5 << 20)
  expect(memory.takeDropped()).toBe(false) // the first one is in use
  memory.free(small)
  const large = memory.allocate(9 << 20)
  expect(large.buffer).not.toBe(small.buffer)
  expect(memory.takeDropped()).toBe(true)
  expect(memory.takeDropped()).toBe(false)
})

it('keeps small pieces out of a large empty buffer', () => {
  const memory = new SharedMemory(2)
  const large = memory.allocate(70 << 20)
  memory.free(large)
  expect(memory.allocate(60 << 20).buffer).toBe(large.buffer) // most of it
  const other = memory.allocate(70 << 20)
  memory.free(other)
  expect(memory.allocate(12 << 20).buffer).not.toBe(other.buffer)
  expect(memory.takeDropped()).toBe(true)
})

it('refuses to take a piece back twice', () => {
  const memory = new SharedMemory(2)
  const array = memory.allocate(10)
  memory.free(array)
  expect(() => memory.free(array)).toThrow(/twice/)
})
