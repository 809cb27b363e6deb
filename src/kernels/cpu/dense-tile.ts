import type { CpuTensor, CpuWeights } from './cpu-tensor.ts'

export const multipleOf = (step: number, n: number): number => Math.ceil(n / step) * step

/** Floats of a tile's working set that stay in the L2 cache of common machines beside the weights in use. */
const cachedFloats = 128_000

/**
 * Positions a tile: as many as stay in cache at `floatsPerPosition`, at most 1024 (longer ones gain nothing), and no more
 * than gives each worker an equal share. A multiple of 16.
 */
export function tileLengthFor(length: number, workerCount: number, floatsPerPosition: number): number {
  const most = Math.min(1024, Math.max(16, Math.floor(cachedFloats / floatsPerPosition / 16) * 16))
  const tileCount = multipleOf(workerCount, Math.max(1, Math.ceil(length / most)))
  return Math.max(16, multipleOf(16, Math.ceil(length / tileCount)))
}

/** Floats from one row of a tile to the next: a cache line more than it holds, so that rows do not compete for the same sets. */
export const rowFloatsFor = (tileLength: number): number => tileLength + 16

/**
 * Bytes to put before a tile's rows so that they agree with the tensor's memory in their place within 8 bytes: copies
 * between places that do not are several times slower.
 */
export const phaseBytes = (t: CpuTensor, start: number): number => ((t.offset + start) & 1) * 4

/** Copies `tensor[channelStart .. +channelCount, start .. +count]` to rows of scratch. */
export function copyIn(
  memory: Float32Array,
  address: number,
  rowFloats: number,
  t: CpuTensor,
  start: number,
  count: number,
  channelStart = 0,
  channelCount = t.channelCount,
): void {
  let from = t.offset + channelStart * t.rowStride + start
  let to = address / 4
  for (let c = 0; c < channelCount; c++, from += t.rowStride, to += rowFloats)
    memory.set(t.data.subarray(from, from + count), to)
}

/** Copies rows of scratch to `tensor[channelStart .. +channelCount, start .. +count]`, and to nothing beside it. */
export function copyOut(
  memory: Float32Array,
  address: number,
  rowFloats: number,
  t: CpuTensor,
  start: number,
  count: number,
  channelStart = 0,
  channelCount = t.channelCount,
): void {
  let to = t.offset + channelStart * t.rowStride + start
  let from = address / 4
  for (let c = 0; c < channelCount; c++, to += t.rowStride, from += rowFloats)
    t.data.set(memory.subarray(from, from + count), to)
}

/** Copies part of a weight array to scratch. */
export function copyWeights(
  memory: Float32Array,
  address: number,
  weights: CpuWeights,
  start = 0,
  count = weights.data.length - start,
): void {
  memory.set(weights.data.subarray(start, start + count), address / 4)
}
