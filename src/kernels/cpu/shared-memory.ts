import { sharedBuffer } from './thread.ts'

/** Floats of which every piece takes a multiple: pieces start at cache lines. */
const granuleFloats = 16
const smallestSegmentFloats = 4 << 20
const largestSegmentFloats = 64 << 20

interface Hole {
  start: number
  count: number
}
interface Segment {
  readonly floats: Float32Array
  /** What is free, ascending, no two of them adjacent. */
  holes: Hole[]
}

const piece = (floatCount: number): number => Math.max(1, Math.ceil(floatCount / granuleFloats)) * granuleFloats

const isEmpty = (segment: Segment): boolean => segment.holes[0]?.count === segment.floats.length

/**
 * Shared memory handed out in pieces and taken back. A SharedArrayBuffer that was once sent to a thread is freed only
 * when that thread's garbage collector runs, and in threads that compute it rarely does (measured: 6 GB held after 200
 * chunks of 16 MB): so pieces are cut from a few large buffers that stay. Pages never written take no memory.
 */
export class SharedMemory {
  readonly #segments: Segment[] = []
  readonly #taken = new Map<Float32Array, Segment>()
  readonly #workerCount: number
  #hasDropped = false

  /** @param workerCount of those who will use it */
  constructor(workerCount: number) {
    this.#workerCount = workerCount
  }

  /** Uninitialised. Throws a RangeError where the system gives no more. */
  allocate(floatCount: number): Float32Array {
    const count = piece(floatCount)
    const [segment, hole] = this.#bestHole(count) ?? this.#grow(count)
    const array = segment.floats.subarray(hole.start, hole.start + floatCount)
    hole.start += count
    hole.count -= count
    if (hole.count === 0) segment.holes = segment.holes.filter((h) => h !== hole)
    this.#taken.set(array, segment)
    return array
  }

  /** Takes back what `allocate` gave. */
  free(array: Float32Array): void {
    const segment = this.#taken.get(array)
    if (!segment) throw new Error('shared memory is released twice')
    this.#taken.delete(array)
    const start = array.byteOffset / 4
    const end = start + piece(array.length)
    const before = segment.holes.find((h) => h.start + h.count === start)
    const after = segment.holes.find((h) => h.start === end)
    const merged = {
      start: before?.start ?? start,
      count: (after ? after.start + after.count : end) - (before?.start ?? start),
    }
    segment.holes = [...segment.holes.filter((h) => h !== before && h !== after), merged].sort(
      (a, b) => a.start - b.start,
    )
  }

  /** Gives up everything; pieces still in use keep their memory. */
  clear(): void {
    this.#segments.length = 0
    this.#taken.clear()
  }

  /** Whether buffers were given up since the last call: the threads must be made to forget them. */
  takeDropped(): boolean {
    const dropped = this.#hasDropped
    this.#hasDropped = false
    return dropped
  }

  /** The smallest hole that will do. A small piece does not break into a large empty buffer, which would then have to stay. */
  #bestHole(count: number): [Segment, Hole] | undefined {
    let best: [Segment, Hole] | undefined
    for (const segment of this.#segments) {
      const least = isEmpty(segment) && segment.floats.length > largestSegmentFloats ? segment.floats.length / 2 : 0
      for (const hole of segment.holes) {
        if (hole.count >= count && count >= least && (!best || hole.count < best[1].count)) best = [segment, hole]
      }
    }
    return best
  }

  /** A new segment, larger as more is in use; empty ones, none of which fits, are given up first. */
  #grow(count: number): [Segment, Hole] {
    for (const [i, segment] of [...this.#segments.entries()].reverse()) {
      if (!isEmpty(segment)) continue
      this.#segments.splice(i, 1)
      this.#hasDropped = true
    }
    const inUse = this.#segments.reduce((sum, s) => sum + s.floats.length, 0)
    const wanted = Math.max(count, Math.min(largestSegmentFloats, Math.max(smallestSegmentFloats, inUse)))
    const hole = { start: 0, count: wanted }
    const segment = { floats: new Float32Array(sharedBuffer(wanted * 4, this.#workerCount)), holes: [hole] }
    this.#segments.push(segment)
    return [segment, hole]
  }
}
