/**
 * The transform of the long convolution: a real block of 2N points, x, is the complex polynomial
 * z(X) = sum over n < N of (x[n] + i x[n + N]) X^n modulo X^N - i (X^N = i turns the second half into the imaginary part),
 * and products modulo X^N - i are negacyclic convolutions of the real blocks of 2N. X^N - i is split over a tree:
 * X^m - e^{i theta} = product over j < radix of X^(m / radix) - e^{i (theta + 2 pi j) / radix}.
 * One twiddle serves a whole node, there is no reordering and no unpacking: spectra stand in the order the tree leaves.
 * (D. J. Bernstein, "Multidigit multiplication for mathematicians", 2001, gives the general method; "right-angle convolution".)
 * Angles are in turns and in float64 until the last step.
 */

/** Root of X^N - i. */
export const rightAngle = 0.25

/** A level of the tree: `nodeCount` nodes, each split by `radix`. */
export interface Level {
  readonly radix: number
  readonly nodeCount: number
}

/** Powers of two become one 2 (if the exponent is odd) and fours. */
function powerOfTwoRadices(exponent: number): number[] {
  return [...(exponent % 2 === 1 ? [2] : []), ...new Array<number>(exponent >> 1).fill(4)]
}

function factorise(size: number): { twos: number; odd: number[] } | undefined {
  const odd: number[] = []
  let rest = size
  for (const p of [3, 5]) for (; rest % p === 0; rest /= p) odd.push(p)
  const twos = Math.log2(rest)
  return Number.isInteger(twos) ? { twos, odd } : undefined
}

/**
 * Radices of a plan's levels, outermost first, for `factors` = [rows] or [columns, rows]. The columns begin with a power
 * of two where they have one (its real-only form saves reading zeros) and end with a 4 where they can.
 */
export function levelsOf(factors: readonly number[]): { levels: Level[]; columnLevelCount: number } {
  const [columns, rows] = factors.length === 1 ? [1, factors[0]] : [factors[0], factors[1]]
  const c = factorise(columns)!
  const r = factorise(rows)!
  const twos = powerOfTwoRadices(c.twos)
  const columnRadices = [...twos.slice(0, 1), ...c.odd, ...twos.slice(1)]
  let nodeCount = 1
  const levels = [...columnRadices, ...r.odd, ...powerOfTwoRadices(r.twos)].map((radix) => {
    const level = { radix, nodeCount }
    nodeCount *= radix
    return level
  })
  return { levels, columnLevelCount: columnRadices.length }
}

/** Angles, in turns, of the roots of a level's nodes. */
export function nodeAngles(levels: readonly Level[], level: number, root: number): Float64Array {
  let angles = Float64Array.of(root)
  for (const { radix } of levels.slice(0, level)) {
    const next = new Float64Array(angles.length * radix)
    angles.forEach((angle, i) => {
      for (let j = 0; j < radix; j++) next[i * radix + j] = (angle + j) / radix
    })
    angles = next
  }
  return angles
}

export interface TwiddleTables {
  /** For each level but the last: for each node r, r^2, .. r^(radix - 1) as real, imaginary. */
  readonly levels: readonly Float32Array[]
  /** For the leaf nodes of a row with root 1, four nodes at a time: four real, four imaginary parts of r. */
  readonly leaf: Float32Array
  /** For each row: the constant that turns `leaf` into the row's own, real, imaginary. */
  readonly rows: Float32Array
}

const cosine = (turns: number): number => Math.cos(2 * Math.PI * turns)
const sine = (turns: number): number => Math.sin(2 * Math.PI * turns)

export function twiddleTables(factors: readonly number[], root: number = rightAngle): TwiddleTables {
  const { levels, columnLevelCount } = levelsOf(factors)
  const rowSize = factors.at(-1)!
  const tables = levels.slice(0, -1).map(({ radix }, l) => {
    const angles = nodeAngles(levels, l, root)
    const table = new Float32Array(angles.length * (radix - 1) * 2)
    let at = 0
    for (const angle of angles) {
      for (let k = 1; k < radix; k++) {
        table[at++] = cosine((k * angle) / radix)
        table[at++] = sine((k * angle) / radix)
      }
    }
    return table
  })
  const rowLevels = levels.slice(columnLevelCount)
  const leaf = new Float32Array(rowSize / 2)
  nodeAngles(rowLevels, rowLevels.length - 1, 0).forEach((angle, i) => {
    const at = (i >> 2) * 8 + (i & 3)
    leaf[at] = cosine(angle / 4)
    leaf[at + 4] = sine(angle / 4)
  })
  const rows = new Float32Array((factors.length === 1 ? 1 : factors[0]) * 2)
  nodeAngles(levels, columnLevelCount, root).forEach((angle, i) => {
    rows[2 * i] = cosine(angle / rowSize)
    rows[2 * i + 1] = sine(angle / rowSize)
  })
  return { levels: tables, leaf, rows }
}

/**
 * For each row, in the order the transform leaves them, its index f1 in the Monarch decomposition: with bins
 * f = f1 + columns * f2 at the angles (root + f) / N turns, row f1 holds all its f2.
 */
export function rowFrequencies(factors: readonly number[], root: number = rightAngle): Int32Array {
  const { levels, columnLevelCount } = levelsOf(factors)
  const columns = factors.length === 1 ? 1 : factors[0]
  return Int32Array.from(nodeAngles(levels, columnLevelCount, root), (angle) => Math.round(angle * columns - root))
}
