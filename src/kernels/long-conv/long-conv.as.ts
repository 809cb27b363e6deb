import { madd } from '../cpu/simd.lib.as'
import { forward2, forward4, forwardSome4, GAP, inverse2, inverse4, inverseSome4 } from './fft.lib.as'
import { forward3, forward5, inverse3, inverse5 } from './fft-odd.lib.as'
import { CONVOLVE, leaves, STORE_SPECTRUM } from './leaf.lib.as'

// The numeric half of long-conv.cpu.ts. All addresses and steps are in bytes; points are f32 in two planes, GAP apart.

export const planeGap: usize = GAP

/** Levels of the transform, outermost first: pairs of i32 (radix, address of the level's twiddles); the last two, of radix 4, are the leaf. */
let levels: usize = 0
let leafLevel: i32 = 0
/** Blocks of at most this many points are transformed level by level (they fit L1), larger ones depth first. */
let blockPoints: i32 = 1024

/** For each node of the last column level (of radix 4), a byte: how many of its children, the first ones, are computed; 0 for all. */
let keptChildren: usize = 0

export function setKeptChildren(address: usize): void {
  keptChildren = address
}

export function setLevels(address: usize, levelCount: i32, points: i32): void {
  levels = address
  leafLevel = levelCount - 2
  blockPoints = points
}

// @ts-ignore: decorator
@inline
function radixOf(level: i32): i32 { return load<i32>(levels + (<usize>level << 3)) }
/** Twiddles of a node: r, r^2, ... r^(radix - 1), each real, imaginary. */
// @ts-ignore: decorator
@inline
function twiddlesOf(level: i32, node: i32): usize { return load<usize>(levels + (<usize>level << 3) + 4) + (<usize>node * <usize>(radixOf(level) - 1) << 3) }

function forwardRun(radix: i32, s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize): void {
  if (radix == 4) forward4(s, sStep, d, dStep, bytes, tw, false)
  else if (radix == 2) forward2(s, sStep, d, dStep, bytes, tw, false)
  else if (radix == 3) forward3(s, sStep, d, dStep, bytes, tw)
  else forward5(s, sStep, d, dStep, bytes, tw)
}

function inverseRun(radix: i32, s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize): void {
  if (radix == 4) inverse4(s, sStep, d, dStep, bytes, tw, false)
  else if (radix == 2) inverse2(s, sStep, d, dStep, bytes, tw, false)
  else if (radix == 3) inverse3(s, sStep, d, dStep, bytes, tw)
  else inverse5(s, sStep, d, dStep, bytes, tw)
}

/** Imaginary parts taken as zero (radices 2 and 4). */
function forwardRunReal(radix: i32, s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize): void {
  if (radix == 4) forward4(s, sStep, d, dStep, bytes, tw, true)
  else forward2(s, sStep, d, dStep, bytes, tw, true)
}

/** Only real parts are made (radices 2 and 4). */
function inverseRunReal(radix: i32, s: usize, sStep: usize, d: usize, dStep: usize, bytes: usize, tw: usize): void {
  if (radix == 4) inverse4(s, sStep, d, dStep, bytes, tw, true)
  else inverse2(s, sStep, d, dStep, bytes, tw, true)
}

/** One level over `nodes` consecutive nodes, in place. */
function forwardLevel(level: i32, node: i32, nodes: i32, p: usize, step: usize): void {
  const radix = radixOf(level)
  let tw = twiddlesOf(level, node)
  if (radix == 4) {
    for (let i = 0; i < nodes; i++, p += step << 2, tw += 24) forward4(p, step, p, step, step, tw, false)
    return
  }
  for (let i = 0; i < nodes; i++, p += step * radix, tw += (radix - 1) << 3) forwardRun(radix, p, step, p, step, step, tw)
}

function inverseLevel(level: i32, node: i32, nodes: i32, p: usize, step: usize): void {
  const radix = radixOf(level)
  let tw = twiddlesOf(level, node)
  if (radix == 4) {
    for (let i = 0; i < nodes; i++, p += step << 2, tw += 24) inverse4(p, step, p, step, step, tw, false)
    return
  }
  for (let i = 0; i < nodes; i++, p += step * radix, tw += (radix - 1) << 3) inverseRun(radix, p, step, p, step, step, tw)
}

/**
 * A node of `points` points at `level`: forward transform, product by (spectrum + skip), inverse, all in place and depth
 * first, so that a part that fits a cache level is finished there. `leaf`: the leaf twiddles of this node's part of its row.
 */
export function convolveNode(p: usize, points: i32, level: i32, node: i32, leaf: usize, rowRe: f32, rowIm: f32, spectrum: usize, skip: f32): void {
  if (points > blockPoints && level < leafLevel) {
    const radix = radixOf(level)
    const part = points / radix
    const step = <usize>part << 2
    const tw = twiddlesOf(level, node)
    forwardRun(radix, p, step, p, step, step, tw)
    for (let j = 0; j < radix; j++) {
      convolveNode(p + step * j, part, level + 1, node * radix + j, leaf + (step >> 1) * j, rowRe, rowIm, spectrum + (step << 1) * j, skip)
    }
    inverseRun(radix, p, step, p, step, step, tw)
    return
  }
  let nodes = 1
  let step = <usize>points << 2
  let first = node
  for (let l = level; l < leafLevel; l++) {
    const radix = radixOf(l)
    step /= radix
    forwardLevel(l, first, nodes, p, step)
    nodes *= radix
    first *= radix
  }
  leaves(CONVOLVE, p, points, twiddlesOf(leafLevel, first), leaf, rowRe, rowIm, spectrum, skip)
  for (let l = leafLevel - 1; l >= level; l--) {
    const radix = radixOf(l)
    nodes /= radix
    first /= radix
    inverseLevel(l, first, nodes, p, step)
    step *= radix
  }
}

/** The forward half alone: writes scale times the node's transform to `spectrum`. */
export function spectrumOfNode(p: usize, points: i32, level: i32, node: i32, leaf: usize, rowRe: f32, rowIm: f32, spectrum: usize, scale: f32): void {
  if (points > blockPoints && level < leafLevel) {
    const radix = radixOf(level)
    const part = points / radix
    const step = <usize>part << 2
    forwardRun(radix, p, step, p, step, step, twiddlesOf(level, node))
    for (let j = 0; j < radix; j++) {
      spectrumOfNode(p + step * j, part, level + 1, node * radix + j, leaf + (step >> 1) * j, rowRe, rowIm, spectrum + (step << 1) * j, scale)
    }
    return
  }
  let nodes = 1
  let step = <usize>points << 2
  let first = node
  for (let l = level; l < leafLevel; l++) {
    const radix = radixOf(l)
    step /= radix
    forwardLevel(l, first, nodes, p, step)
    nodes *= radix
    first *= radix
  }
  leaves(STORE_SPECTRUM, p, points, twiddlesOf(leafLevel, first), leaf, rowRe, rowIm, spectrum, scale)
}

/**
 * The outer `columnLevels` levels over `columns` adjacent columns of a matrix of `rows` rows, `pitch` bytes apart: first
 * level from the matrix into the tile, middle levels inside the tile, last level back into the matrix. `real`: imaginary
 * parts of the input are taken as zero.
 */
export function forwardColumns(p: usize, pitch: usize, rows: i32, columnBytes: usize, tile: usize, columnLevels: i32, real: bool): void {
  let radix = radixOf(0)
  let part = rows / radix
  let tw = twiddlesOf(0, 0)
  if (columnLevels == 1) {
    for (let k = 0; k < part; k++, p += pitch) {
      if (real) forwardRunReal(radix, p, pitch * part, p, pitch * part, columnBytes, tw)
      else forwardRun(radix, p, pitch * part, p, pitch * part, columnBytes, tw)
    }
    return
  }
  let t = tile
  let s = p
  for (let k = 0; k < part; k++, s += pitch, t += columnBytes) {
    if (real) forwardRunReal(radix, s, pitch * part, t, columnBytes * part, columnBytes, tw)
    else forwardRun(radix, s, pitch * part, t, columnBytes * part, columnBytes, tw)
  }
  let nodes = radix
  for (let l = 1; l < columnLevels - 1; l++) {
    radix = radixOf(l)
    part /= radix
    forwardLevel(l, 0, nodes, tile, columnBytes * part)
    nodes *= radix
  }
  radix = radixOf(columnLevels - 1)
  tw = twiddlesOf(columnLevels - 1, 0)
  for (let i = 0; i < nodes; i++) {
    const kept = keptChildren ? load<u8>(keptChildren + i) : radix
    if (kept == radix) forwardRun(radix, tile, columnBytes, p, pitch, columnBytes, tw)
    else if (kept > 0) forwardSome4(tile, columnBytes, p, pitch, columnBytes, tw, kept)
    tile += columnBytes * radix
    p += pitch * radix
    tw += (radix - 1) << 3
  }
}

/** Undoes forwardColumns (times rows). `real`: only real parts are wanted. */
export function inverseColumns(p: usize, pitch: usize, rows: i32, columnBytes: usize, tile: usize, columnLevels: i32, real: bool): void {
  if (columnLevels == 1) {
    const radix = radixOf(0)
    const part = rows / radix
    const tw = twiddlesOf(0, 0)
    for (let k = 0; k < part; k++, p += pitch) {
      if (real) inverseRunReal(radix, p, pitch * part, p, pitch * part, columnBytes, tw)
      else inverseRun(radix, p, pitch * part, p, pitch * part, columnBytes, tw)
    }
    return
  }
  let radix = radixOf(columnLevels - 1)
  let nodes = rows / radix
  let tw = twiddlesOf(columnLevels - 1, 0)
  let t = tile
  let s = p
  for (let i = 0; i < nodes; i++) {
    const kept = keptChildren ? load<u8>(keptChildren + i) : radix
    if (kept == radix) inverseRun(radix, s, pitch, t, columnBytes, columnBytes, tw)
    else inverseSome4(s, pitch, t, columnBytes, columnBytes, tw, kept)
    t += columnBytes * radix
    s += pitch * radix
    tw += (radix - 1) << 3
  }
  let part = radix
  for (let l = columnLevels - 2; l > 0; l--) {
    radix = radixOf(l)
    nodes /= radix
    inverseLevel(l, 0, nodes, tile, columnBytes * part)
    part *= radix
  }
  radix = radixOf(0)
  tw = twiddlesOf(0, 0)
  for (let k = 0; k < part; k++, p += pitch, tile += columnBytes) {
    if (real) inverseRunReal(radix, tile, columnBytes * part, p, pitch * part, columnBytes, tw)
    else inverseRun(radix, tile, columnBytes * part, p, pitch * part, columnBytes, tw)
  }
}

/** y[0, count) *= x[0, count); writes up to 3 values beyond. */
export function multiply(y: usize, x: usize, count: i32): void {
  for (const end = y + (<usize>count << 2); y < end; y += 16, x += 16) v128.store(y, v128.mul<f32>(v128.load(y), v128.load(x)))
}

/** y[0, count) += factor * x[0, count); count is rounded up to 4. */
export function addScaled(y: usize, x: usize, factor: f32, count: i32): void {
  const f = f32x4.splat(factor)
  for (const end = y + (<usize>count << 2); y < end; y += 16, x += 16) v128.store(y, madd(f, v128.load(x), v128.load(y)))
}

/** memory.copy: for moves that a copy between memories would do at a seventh of the speed, source and target differing mod 8. */
export function move(to: usize, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes)
}

/**
 * y[t] = sum over j of taps[j] * x[t + filterLength - 1 - j] for t in [0, count); x holds count + filterLength - 1 values.
 * count is rounded up to 16.
 */
export function direct(y: usize, x: usize, taps: usize, filterLength: i32, count: i32): void {
  const lastTap = taps + (<usize>(filterLength - 1) << 2)
  for (const end = y + (<usize>count << 2); y < end; y += 64, x += 64) {
    let y0 = f32x4.splat(0), y1 = y0, y2 = y0, y3 = y0
    for (let k = lastTap, s = x; k >= taps; k -= 4, s += 4) {
      const tap = v128.load_splat<f32>(k)
      y0 = madd(tap, v128.load(s), y0)
      y1 = madd(tap, v128.load(s, 16), y1)
      y2 = madd(tap, v128.load(s, 32), y2)
      y3 = madd(tap, v128.load(s, 48), y3)
    }
    v128.store(y, y0)
    v128.store(y, y1, 16)
    v128.store(y, y2, 32)
    v128.store(y, y3, 48)
  }
}
