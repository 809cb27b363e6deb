import { madd } from '../cpu/simd.lib.as'
import { forward2, forward3, forward4, forward5, inverse2, inverse3, inverse4, inverse5, nmadd } from './fft.lib.as'

// The numeric half of long-conv.cpu.ts. All addresses, steps and gaps are in bytes; points are f32 in two planes.

/** Levels of the transform, outermost first: pairs of i32 (radix, address of the level's twiddles); the last, of radix 4, is the leaf. */
let levels: usize = 0
let leafLevel: i32 = 0
/** Blocks of at most this many points are transformed level by level (they fit L1), larger ones depth first. */
let blockPoints: i32 = 1024

export function setLevels(address: usize, levelCount: i32, points: i32): void {
  levels = address
  leafLevel = levelCount - 1
  blockPoints = points
}

// @ts-ignore: decorator
@inline
function radixOf(level: i32): i32 { return load<i32>(levels + (<usize>level << 3)) }
/** Twiddles of a node: r, r^2, ... r^(radix - 1), each real, imaginary. */
// @ts-ignore: decorator
@inline
function twiddlesOf(level: i32, node: i32): usize { return load<usize>(levels + (<usize>level << 3) + 4) + (<usize>node * <usize>(radixOf(level) - 1) << 3) }

function forwardRun(radix: i32, s: usize, sGap: usize, sStep: usize, d: usize, dGap: usize, dStep: usize, bytes: usize, tw: usize): void {
  if (radix == 4) forward4(s, sGap, sStep, d, dGap, dStep, bytes, tw, false)
  else if (radix == 2) forward2(s, sGap, sStep, d, dGap, dStep, bytes, tw, false)
  else if (radix == 3) forward3(s, sGap, sStep, d, dGap, dStep, bytes, tw)
  else forward5(s, sGap, sStep, d, dGap, dStep, bytes, tw)
}

function inverseRun(radix: i32, s: usize, sGap: usize, sStep: usize, d: usize, dGap: usize, dStep: usize, bytes: usize, tw: usize): void {
  if (radix == 4) inverse4(s, sGap, sStep, d, dGap, dStep, bytes, tw, false)
  else if (radix == 2) inverse2(s, sGap, sStep, d, dGap, dStep, bytes, tw, false)
  else if (radix == 3) inverse3(s, sGap, sStep, d, dGap, dStep, bytes, tw)
  else inverse5(s, sGap, sStep, d, dGap, dStep, bytes, tw)
}

/** Imaginary parts taken as zero (radices 2 and 4). */
function forwardRunReal(radix: i32, s: usize, sGap: usize, sStep: usize, d: usize, dGap: usize, dStep: usize, bytes: usize, tw: usize): void {
  if (radix == 4) forward4(s, sGap, sStep, d, dGap, dStep, bytes, tw, true)
  else forward2(s, sGap, sStep, d, dGap, dStep, bytes, tw, true)
}

/** Only real parts are made (radices 2 and 4). */
function inverseRunReal(radix: i32, s: usize, sGap: usize, sStep: usize, d: usize, dGap: usize, dStep: usize, bytes: usize, tw: usize): void {
  if (radix == 4) inverse4(s, sGap, sStep, d, dGap, dStep, bytes, tw, true)
  else inverse2(s, sGap, sStep, d, dGap, dStep, bytes, tw, true)
}

/** One level over `nodes` consecutive nodes, in place. */
function forwardLevel(level: i32, node: i32, nodes: i32, p: usize, gap: usize, step: usize): void {
  const radix = radixOf(level)
  let tw = twiddlesOf(level, node)
  if (radix == 4) {
    if (step == 16) {
      for (let i = 0; i < nodes; i++, p += 64, tw += 24) forward4(p, gap, 16, p, gap, 16, 16, tw, false)
    } else {
      for (let i = 0; i < nodes; i++, p += step << 2, tw += 24) forward4(p, gap, step, p, gap, step, step, tw, false)
    }
    return
  }
  for (let i = 0; i < nodes; i++, p += step * radix, tw += (radix - 1) << 3) forwardRun(radix, p, gap, step, p, gap, step, step, tw)
}

function inverseLevel(level: i32, node: i32, nodes: i32, p: usize, gap: usize, step: usize): void {
  const radix = radixOf(level)
  let tw = twiddlesOf(level, node)
  if (radix == 4) {
    if (step == 16) {
      for (let i = 0; i < nodes; i++, p += 64, tw += 24) inverse4(p, gap, 16, p, gap, 16, 16, tw, false)
    } else {
      for (let i = 0; i < nodes; i++, p += step << 2, tw += 24) inverse4(p, gap, step, p, gap, step, step, tw, false)
    }
    return
  }
  for (let i = 0; i < nodes; i++, p += step * radix, tw += (radix - 1) << 3) inverseRun(radix, p, gap, step, p, gap, step, step, tw)
}

// @ts-ignore: decorator
@inline
function low32(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 0, 4, 1, 5) }
// @ts-ignore: decorator
@inline
function high32(a: v128, b: v128): v128 { return v128.shuffle<f32>(a, b, 2, 6, 3, 7) }
// @ts-ignore: decorator
@inline
function low64(a: v128, b: v128): v128 { return v128.shuffle<f64>(a, b, 0, 2) }
// @ts-ignore: decorator
@inline
function high64(a: v128, b: v128): v128 { return v128.shuffle<f64>(a, b, 1, 3) }

/** What the leaf does between its forward and its inverse step. */
const CONVOLVE: i32 = 0
const STORE_SPECTRUM: i32 = 1

/**
 * The last level, four nodes of four points at once with the nodes as lanes, fused with the product by the spectrum and
 * the inverse's first level. Twiddles are base (of the node within its row, `leaf`) times a constant of the row.
 * Spectrum: 16 points are 32 f32, for each of four results the four nodes' real, then imaginary parts.
 */
// @ts-ignore: decorator
@inline
function leaves(mode: i32, p: usize, gap: usize, points: i32, leaf: usize, rowRe: f32, rowIm: f32, spectrum: usize, scale: f32): void {
  const cr = f32x4.splat(rowRe), ci = f32x4.splat(rowIm), extra = f32x4.splat(scale)
  for (const end = p + (<usize>points << 2); p < end; p += 64, leaf += 32, spectrum += 128) {
    const tr = v128.load(leaf), ti = v128.load(leaf, 16)
    const w1r = nmadd(ti, ci, v128.mul<f32>(tr, cr)), w1i = madd(ti, cr, v128.mul<f32>(tr, ci))
    const w2r = nmadd(w1i, w1i, v128.mul<f32>(w1r, w1r)), w2h = v128.mul<f32>(w1r, w1i), w2i = v128.add<f32>(w2h, w2h)
    const w3r = nmadd(w2i, w1i, v128.mul<f32>(w2r, w1r)), w3i = madd(w2i, w1r, v128.mul<f32>(w2r, w1i))
    const q = p + gap
    let m0 = v128.load(p), m1 = v128.load(p, 16), m2 = v128.load(p, 32), m3 = v128.load(p, 48)
    let l0 = low32(m0, m1), h0 = high32(m0, m1), l1 = low32(m2, m3), h1 = high32(m2, m3)
    const x0r = low64(l0, l1), x1r = high64(l0, l1), x2r = low64(h0, h1), x3r = high64(h0, h1)
    m0 = v128.load(q)
    m1 = v128.load(q, 16)
    m2 = v128.load(q, 32)
    m3 = v128.load(q, 48)
    l0 = low32(m0, m1)
    h0 = high32(m0, m1)
    l1 = low32(m2, m3)
    h1 = high32(m2, m3)
    const x0i = low64(l0, l1), x1i = high64(l0, l1), x2i = low64(h0, h1), x3i = high64(h0, h1)
    const y1r = nmadd(x1i, w1i, v128.mul<f32>(x1r, w1r)), y1i = madd(x1i, w1r, v128.mul<f32>(x1r, w1i))
    const y2r = nmadd(x2i, w2i, v128.mul<f32>(x2r, w2r)), y2i = madd(x2i, w2r, v128.mul<f32>(x2r, w2i))
    const y3r = nmadd(x3i, w3i, v128.mul<f32>(x3r, w3r)), y3i = madd(x3i, w3r, v128.mul<f32>(x3r, w3i))
    const s0r = v128.add<f32>(x0r, y2r), s0i = v128.add<f32>(x0i, y2i), d0r = v128.sub<f32>(x0r, y2r), d0i = v128.sub<f32>(x0i, y2i)
    const s1r = v128.add<f32>(y1r, y3r), s1i = v128.add<f32>(y1i, y3i), d1r = v128.sub<f32>(y1r, y3r), d1i = v128.sub<f32>(y1i, y3i)
    const c0r = v128.add<f32>(s0r, s1r), c0i = v128.add<f32>(s0i, s1i), c2r = v128.sub<f32>(s0r, s1r), c2i = v128.sub<f32>(s0i, s1i)
    const c1r = v128.sub<f32>(d0r, d1i), c1i = v128.add<f32>(d0i, d1r), c3r = v128.add<f32>(d0r, d1i), c3i = v128.sub<f32>(d0i, d1r)
    if (mode == STORE_SPECTRUM) {
      v128.store(spectrum, v128.mul<f32>(c0r, extra))
      v128.store(spectrum, v128.mul<f32>(c0i, extra), 16)
      v128.store(spectrum, v128.mul<f32>(c1r, extra), 32)
      v128.store(spectrum, v128.mul<f32>(c1i, extra), 48)
      v128.store(spectrum, v128.mul<f32>(c2r, extra), 64)
      v128.store(spectrum, v128.mul<f32>(c2i, extra), 80)
      v128.store(spectrum, v128.mul<f32>(c3r, extra), 96)
      v128.store(spectrum, v128.mul<f32>(c3i, extra), 112)
    } else {
      let kr = v128.add<f32>(v128.load(spectrum), extra), ki = v128.load(spectrum, 16)
      const z0r = nmadd(c0i, ki, v128.mul<f32>(c0r, kr)), z0i = madd(c0i, kr, v128.mul<f32>(c0r, ki))
      kr = v128.add<f32>(v128.load(spectrum, 64), extra)
      ki = v128.load(spectrum, 80)
      const z2r = nmadd(c2i, ki, v128.mul<f32>(c2r, kr)), z2i = madd(c2i, kr, v128.mul<f32>(c2r, ki))
      const e0r = v128.add<f32>(z0r, z2r), e0i = v128.add<f32>(z0i, z2i), e1r = v128.sub<f32>(z0r, z2r), e1i = v128.sub<f32>(z0i, z2i)
      kr = v128.add<f32>(v128.load(spectrum, 32), extra)
      ki = v128.load(spectrum, 48)
      const z1r = nmadd(c1i, ki, v128.mul<f32>(c1r, kr)), z1i = madd(c1i, kr, v128.mul<f32>(c1r, ki))
      kr = v128.add<f32>(v128.load(spectrum, 96), extra)
      ki = v128.load(spectrum, 112)
      const z3r = nmadd(c3i, ki, v128.mul<f32>(c3r, kr)), z3i = madd(c3i, kr, v128.mul<f32>(c3r, ki))
      const f0r = v128.add<f32>(z1r, z3r), f0i = v128.add<f32>(z1i, z3i), f1r = v128.sub<f32>(z1i, z3i), f1i = v128.sub<f32>(z3r, z1r)
      const o0r = v128.add<f32>(e0r, f0r), o0i = v128.add<f32>(e0i, f0i), b2r = v128.sub<f32>(e0r, f0r), b2i = v128.sub<f32>(e0i, f0i)
      const b1r = v128.add<f32>(e1r, f1r), b1i = v128.add<f32>(e1i, f1i), b3r = v128.sub<f32>(e1r, f1r), b3i = v128.sub<f32>(e1i, f1i)
      const o1r = madd(b1i, w1i, v128.mul<f32>(b1r, w1r)), o1i = nmadd(b1r, w1i, v128.mul<f32>(b1i, w1r))
      const o2r = madd(b2i, w2i, v128.mul<f32>(b2r, w2r)), o2i = nmadd(b2r, w2i, v128.mul<f32>(b2i, w2r))
      const o3r = madd(b3i, w3i, v128.mul<f32>(b3r, w3r)), o3i = nmadd(b3r, w3i, v128.mul<f32>(b3i, w3r))
      l0 = low32(o0r, o1r)
      h0 = high32(o0r, o1r)
      l1 = low32(o2r, o3r)
      h1 = high32(o2r, o3r)
      v128.store(p, low64(l0, l1))
      v128.store(p, high64(l0, l1), 16)
      v128.store(p, low64(h0, h1), 32)
      v128.store(p, high64(h0, h1), 48)
      l0 = low32(o0i, o1i)
      h0 = high32(o0i, o1i)
      l1 = low32(o2i, o3i)
      h1 = high32(o2i, o3i)
      v128.store(q, low64(l0, l1))
      v128.store(q, high64(l0, l1), 16)
      v128.store(q, low64(h0, h1), 32)
      v128.store(q, high64(h0, h1), 48)
    }
  }
}

/**
 * A node of `points` points at `level`: forward transform, product by (spectrum + skip), inverse, all in place and depth
 * first, so that a part that fits a cache level is finished there. `leaf`: the leaf twiddles of this node's part of its row.
 */
export function convolveNode(p: usize, gap: usize, points: i32, level: i32, node: i32, leaf: usize, rowRe: f32, rowIm: f32, spectrum: usize, skip: f32): void {
  if (points > blockPoints && level < leafLevel) {
    const radix = radixOf(level)
    const part = points / radix
    const step = <usize>part << 2
    const tw = twiddlesOf(level, node)
    forwardRun(radix, p, gap, step, p, gap, step, step, tw)
    for (let j = 0; j < radix; j++) {
      convolveNode(p + step * j, gap, part, level + 1, node * radix + j, leaf + (step >> 1) * j, rowRe, rowIm, spectrum + (step << 1) * j, skip)
    }
    inverseRun(radix, p, gap, step, p, gap, step, step, tw)
    return
  }
  let nodes = 1
  let step = <usize>points << 2
  let first = node
  for (let l = level; l < leafLevel; l++) {
    const radix = radixOf(l)
    step /= radix
    forwardLevel(l, first, nodes, p, gap, step)
    nodes *= radix
    first *= radix
  }
  leaves(CONVOLVE, p, gap, points, leaf, rowRe, rowIm, spectrum, skip)
  for (let l = leafLevel - 1; l >= level; l--) {
    const radix = radixOf(l)
    nodes /= radix
    first /= radix
    inverseLevel(l, first, nodes, p, gap, step)
    step *= radix
  }
}

/** The forward half alone: writes scale times the node's transform to `spectrum`. */
export function spectrumOfNode(p: usize, gap: usize, points: i32, level: i32, node: i32, leaf: usize, rowRe: f32, rowIm: f32, spectrum: usize, scale: f32): void {
  if (points > blockPoints && level < leafLevel) {
    const radix = radixOf(level)
    const part = points / radix
    const step = <usize>part << 2
    forwardRun(radix, p, gap, step, p, gap, step, step, twiddlesOf(level, node))
    for (let j = 0; j < radix; j++) {
      spectrumOfNode(p + step * j, gap, part, level + 1, node * radix + j, leaf + (step >> 1) * j, rowRe, rowIm, spectrum + (step << 1) * j, scale)
    }
    return
  }
  let nodes = 1
  let step = <usize>points << 2
  let first = node
  for (let l = level; l < leafLevel; l++) {
    const radix = radixOf(l)
    step /= radix
    forwardLevel(l, first, nodes, p, gap, step)
    nodes *= radix
    first *= radix
  }
  leaves(STORE_SPECTRUM, p, gap, points, leaf, rowRe, rowIm, spectrum, scale)
}

/**
 * The outer `columnLevels` levels over `columns` adjacent columns of a matrix of `rows` rows, `pitch` bytes apart: first
 * level from the matrix into the tile, middle levels inside the tile, last level back into the matrix. `real`: imaginary
 * parts of the input are taken as zero.
 */
export function forwardColumns(p: usize, gap: usize, pitch: usize, rows: i32, columnBytes: usize, tile: usize, tileGap: usize, columnLevels: i32, real: bool): void {
  let radix = radixOf(0)
  let part = rows / radix
  let tw = twiddlesOf(0, 0)
  if (columnLevels == 1) {
    for (let k = 0; k < part; k++, p += pitch) {
      if (real) forwardRunReal(radix, p, gap, pitch * part, p, gap, pitch * part, columnBytes, tw)
      else forwardRun(radix, p, gap, pitch * part, p, gap, pitch * part, columnBytes, tw)
    }
    return
  }
  let t = tile
  let s = p
  for (let k = 0; k < part; k++, s += pitch, t += columnBytes) {
    if (real) forwardRunReal(radix, s, gap, pitch * part, t, tileGap, columnBytes * part, columnBytes, tw)
    else forwardRun(radix, s, gap, pitch * part, t, tileGap, columnBytes * part, columnBytes, tw)
  }
  let nodes = radix
  for (let l = 1; l < columnLevels - 1; l++) {
    radix = radixOf(l)
    part /= radix
    forwardLevel(l, 0, nodes, tile, tileGap, columnBytes * part)
    nodes *= radix
  }
  radix = radixOf(columnLevels - 1)
  tw = twiddlesOf(columnLevels - 1, 0)
  for (let i = 0; i < nodes; i++) {
    forwardRun(radix, tile, tileGap, columnBytes, p, gap, pitch, columnBytes, tw)
    tile += columnBytes * radix
    p += pitch * radix
    tw += (radix - 1) << 3
  }
}

/** Undoes forwardColumns (times rows). `real`: only real parts are wanted. */
export function inverseColumns(p: usize, gap: usize, pitch: usize, rows: i32, columnBytes: usize, tile: usize, tileGap: usize, columnLevels: i32, real: bool): void {
  if (columnLevels == 1) {
    const radix = radixOf(0)
    const part = rows / radix
    const tw = twiddlesOf(0, 0)
    for (let k = 0; k < part; k++, p += pitch) {
      if (real) inverseRunReal(radix, p, gap, pitch * part, p, gap, pitch * part, columnBytes, tw)
      else inverseRun(radix, p, gap, pitch * part, p, gap, pitch * part, columnBytes, tw)
    }
    return
  }
  let radix = radixOf(columnLevels - 1)
  let nodes = rows / radix
  let tw = twiddlesOf(columnLevels - 1, 0)
  let t = tile
  let s = p
  for (let i = 0; i < nodes; i++) {
    inverseRun(radix, s, gap, pitch, t, tileGap, columnBytes, columnBytes, tw)
    t += columnBytes * radix
    s += pitch * radix
    tw += (radix - 1) << 3
  }
  let part = radix
  for (let l = columnLevels - 2; l > 0; l--) {
    radix = radixOf(l)
    nodes /= radix
    inverseLevel(l, 0, nodes, tile, tileGap, columnBytes * part)
    part *= radix
  }
  radix = radixOf(0)
  tw = twiddlesOf(0, 0)
  for (let k = 0; k < part; k++, p += pitch, tile += columnBytes) {
    if (real) inverseRunReal(radix, tile, tileGap, columnBytes * part, p, gap, pitch * part, columnBytes, tw)
    else inverseRun(radix, tile, tileGap, columnBytes * part, p, gap, pitch * part, columnBytes, tw)
  }
}

/** y[0, count) *= x[0, count); writes up to 3 values beyond. */
export function multiply(y: usize, x: usize, count: i32): void {
  for (const end = y + (<usize>count << 2); y < end; y += 16, x += 16) v128.store(y, v128.mul<f32>(v128.load(y), v128.load(x)))
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
