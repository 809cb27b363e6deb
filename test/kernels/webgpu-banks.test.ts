import { describe, expect, it } from 'vitest'
import { columnLanes, exchangesWhole } from '../../src/kernels/long-conv/plan.webgpu.ts'

/*
 * Banks of workgroup memory that the exchanges of fft-workgroup.lib.wgsl meet in, counted without a GPU: 32 banks of 4 bytes,
 * threads in groups of 32. Values of 8 bytes are served half a group at a time. The addresses are the shader's, once more.
 */
const position = (thread: number, strideLog: number, q: number): number =>
  ((thread >> strideLog) << (strideLog + 4)) + (q << strideLog) + (thread & ((1 << strideLog) - 1))
const mixed = (at: number, lanes: number): number => (at ^ ((at >> 4) & 15) ^ (((at >> 8) & 1) << 4)) * lanes

interface Shape {
  readonly pointsLog: number
  readonly lanes: number
  readonly valueBytes: 4 | 8
}

/** For each access of an exchange, the threads' slots in groups that are served at once. */
function* accesses({ pointsLog, lanes, valueBytes }: Shape): Generator<number[]> {
  const threads = ((1 << pointsLog) / 16) * lanes
  const together = valueBytes === 8 ? 16 : 32
  const strides = Array.from({ length: pointsLog >> 2 }, (_, step) => pointsLog - 4 * (step + 1))
  for (const strideLog of strides.filter((s) => s > 0).flatMap((s) => [s, Math.max(s, 4) - 4]))
    for (let q = 0; q < 16; q++)
      for (let first = 0; first < threads; first += together)
        yield Array.from({ length: Math.min(together, threads - first) }, (_, i) => {
          const [lane, thread] = [(first + i) % lanes, Math.floor((first + i) / lanes)]
          return (mixed(position(thread, strideLog, 0), lanes) + lane) ^ mixed(q << strideLog, lanes)
        })
}

function worstConflict(shape: Shape): number {
  const bankCount = 128 / shape.valueBytes
  let worst = 0
  for (const slots of accesses(shape)) {
    const inBank = new Map<number, number>()
    for (const slot of slots) inBank.set(slot % bankCount, (inBank.get(slot % bankCount) ?? 0) + 1)
    worst = Math.max(worst, ...inBank.values())
  }
  return worst
}

const limits = {
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxStorageBufferBindingSize: 2 ** 27,
}

describe('exchanges of the GPU transform', () => {
  const logs = [5, 6, 7, 8, 9, 10, 11, 12, 13]
  it.each(logs.map((pointsLog) => [2 ** pointsLog, pointsLog]))(
    '%i points, a transform a workgroup: no conflict',
    (_, pointsLog) => {
      for (const valueBytes of [4, 8] as const) expect(worstConflict({ pointsLog, lanes: 1, valueBytes })).toBe(1)
    },
  )

  it.each([5, 6, 7, 8, 9, 10].map((pointsLog) => [2 ** pointsLog, pointsLog]))(
    '%i points side by side, as columns are: no conflict',
    (points, pointsLog) => {
      const lanes = columnLanes(points, limits)
      const valueBytes = exchangesWhole(points * lanes, limits) ? 8 : 4
      expect(worstConflict({ pointsLog, lanes, valueBytes })).toBe(1)
    },
  )

  it('every value has a slot of its own, where position says', () => {
    for (const pointsLog of logs) {
      const slots = new Set<number>()
      for (let at = 0; at < 1 << pointsLog; at++) slots.add(mixed(at, 1))
      expect(slots.size).toBe(1 << pointsLog)
      for (const strideLog of [0, 1, pointsLog - 4].filter((s) => s >= 0 && s <= pointsLog - 4))
        for (let thread = 0; thread < (1 << pointsLog) / 16; thread += 7)
          for (let q = 0; q < 16; q++)
            expect(mixed(position(thread, strideLog, 0), 1) ^ mixed(q << strideLog, 1)).toBe(
              mixed(position(thread, strideLog, q), 1),
            )
    }
  })
})
