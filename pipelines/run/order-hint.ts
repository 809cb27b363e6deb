import type { Region } from '../../src/genome.ts'
import { showCount } from './show.ts'

/** What the order must cost, as a part of what the model would see in the best one, before it is worth a line. */
const worthSaying = 1.25

/**
 * What to say of a list whose regions share much sequence but lie far from each other in it, so that it is computed more
 * than once; undefined where sorting would not help. `context`: bases before and after that the model is given.
 */
export function orderHint(
  regions: readonly Region[],
  { left, right }: { readonly left: number; readonly right: number },
): string | undefined {
  if (regions.length < 2 || !Number.isFinite(left + right)) return undefined
  const key = ({ contig, strand = '+' }: Region): string => `${strand}${contig}`
  const sorted = regions.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.start - b.start))
  let inThisOrder = 0
  let inBestOrder = 0
  // The end of the last region of its contig and strand: in the list, and sorted.
  const ends = new Map<string, { start: number; end: number }>()
  for (const region of regions) {
    const last = ends.get(key(region))
    const isNear = last !== undefined && region.start >= last.start && region.start - left <= last.end
    inThisOrder += isNear ? Math.max(0, region.end - last.end) : region.end - region.start + left + right
    ends.set(key(region), { start: region.start, end: isNear ? Math.max(last.end, region.end) : region.end })
  }
  let last: { of: string; end: number } | undefined
  for (const region of sorted) {
    const isNear = last?.of === key(region) && region.start - left <= last.end
    inBestOrder += isNear ? Math.max(0, region.end - last!.end) : region.end - region.start + left + right
    last = { of: key(region), end: isNear ? Math.max(last!.end, region.end) : region.end }
  }
  if (inThisOrder < worthSaying * inBestOrder) return undefined
  return `in this order of the regions the model sees up to ${showCount(inThisOrder)} bases; sorted by contig and start it would be ${showCount(inBestOrder)}`
}
