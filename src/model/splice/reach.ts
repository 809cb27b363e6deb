/*
 * Which positions of an edited sequence must be computed at each layer. Position 0 is the first that the edit inserts, or the
 * first behind the bases it removes; all before 0 are the reference's own, all from the end of what is inserted on are the
 * reference's moved. After each layer a change reaches the layer's width further, and each layer is needed only within what
 * the later ones look at. What is not both equals the reference.
 */

/** Half-open. */
export interface Interval {
  readonly start: number
  readonly end: number
}

/** Positions that a convolution without padding loses on each side: out[t] depends on input [t - left, t + right]. */
export interface Margins {
  readonly left: number
  readonly right: number
}

/**
 * Of the input and after each layer: the positions to compute. Undefined where no wanted position is reached: then all of
 * them equal the reference's.
 */
export function reachedAndNeeded(
  layers: readonly Margins[],
  insertedCount: number,
  wanted: Interval,
): readonly Interval[] | undefined {
  const needed = [wanted]
  for (const { left, right } of layers.toReversed()) {
    const { start, end } = needed[0]
    needed.unshift({ start: start - left, end: end + right })
  }
  let reached: Interval = { start: 0, end: insertedCount }
  const both = needed.map((need, i) => {
    if (i > 0) reached = { start: reached.start - layers[i - 1].right, end: reached.end + layers[i - 1].left }
    return { start: Math.max(reached.start, need.start), end: Math.min(reached.end, need.end) }
  })
  const last = both[both.length - 1]
  return last.start < last.end ? both : undefined
}

/** The positions that both have; `start` is `end` where there are none. */
export function intersection(a: Interval, b: Interval): Interval {
  const start = Math.max(a.start, b.start)
  return { start, end: Math.max(start, Math.min(a.end, b.end)) }
}
