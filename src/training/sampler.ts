import type { TrainingRow } from './network.ts'
import type { Random } from './random.ts'
import {
  type Anchor,
  segmentMask,
  segmentShift,
  segments,
  siteMask,
  type TrainingData,
  unknownBase,
  visibleBit,
} from './training-data.ts'

export interface WindowShape {
  /** Positions that carry a loss. */
  readonly core: number
  /** Real sequence on each side of them. */
  readonly halo: number
  /** Windows in a row. */
  readonly count: number
}

/** Shares of windows around sites and inside genes; the others lie anywhere. */
const shares = { sites: 0.55, genes: 0.4 }
/** Of the windows inside genes, those around decoys, once there are some. */
const decoyShare = 0.6
const hideOutsideShare = 0.15
const hideRunShare = 0.05
const longestHiddenRun = 200
const mutateShare = 0.5
const mostMutations = 0.02
/** Bases around a site that are not changed. */
const siteSurroundings = { before: 20, after: 7 }

/** Draws training windows, each read 5' to 3' on its strand. */
export class Sampler {
  readonly #data: TrainingData
  readonly #random: Random
  readonly #shape: WindowShape
  readonly #sites: Anchor[] = []
  readonly #geneWeights: Float64Array
  #decoys: readonly Anchor[] = []

  constructor(data: TrainingData, random: Random, shape: WindowShape) {
    this.#data = data
    this.#random = random
    this.#shape = shape
    for (const [stretch, { targets }] of data.stretches.entries()) {
      for (const strand of ['+', '-'] as const) {
        const values = targets[strand]
        for (let position = 0; position < values.length; position++)
          if (values[position] & siteMask && values[position] & visibleBit)
            this.#sites.push({ stretch, strand, position })
      }
    }
    let sum = 0
    this.#geneWeights = Float64Array.from(data.genes, ({ start, end }) => {
      sum += end - start
      return sum
    })
  }

  get siteCount(): number {
    return this.#sites.length
  }

  /** Places where the model saw sites that are none. */
  setDecoys(decoys: readonly Anchor[]): void {
    this.#decoys = decoys
  }

  row(): TrainingRow {
    const { core, halo, count } = this.#shape
    const size = core + 2 * halo
    const codes = new Float32Array(count * size)
    const labels = new Float32Array(count * size - 2 * halo).fill(-1)
    const segmentLabels = labels.slice()
    for (let w = 0; w < count; w++) {
      const at = w * size
      this.#window(codes.subarray(at, at + size), labels.subarray(at, at + core), segmentLabels.subarray(at, at + core))
    }
    return { codes, labels, segments: segmentLabels }
  }

  #window(codes: Float32Array, labels: Float32Array, segmentLabels: Float32Array): void {
    const random = this.#random
    const { core, halo } = this.#shape
    const { stretch, strand, position } = this.#anchor()
    const { codes: bases, targets } = this.#data.stretches[stretch]
    const values = targets[strand]
    const inCore = random.whole(0, core) // where the anchor stands in the core, as the window reads
    const step = strand === '+' ? 1 : -1
    const first = position - step * (inCore + halo) // of the base that the window begins with
    const hidesOutside = random.uniform() < hideOutsideShare
    const placeOf = (k: number): number => first + step * k
    const targetAt = (k: number): number => values[placeOf(k)] ?? 0
    for (let k = 0; k < codes.length; k++) {
      const base = bases[placeOf(k)] ?? unknownBase
      const isHidden = hidesOutside && ((targetAt(k) >> segmentShift) & segmentMask) === segments.outside
      codes[k] = base === unknownBase || isHidden ? unknownBase : strand === '+' ? base : 3 - base
    }
    this.#mutate(codes, targetAt)
    if (random.uniform() < hideRunShare) {
      const from = random.whole(0, codes.length)
      codes.fill(unknownBase, from, from + random.whole(1, longestHiddenRun))
    }
    for (let t = 0; t < core; t++) {
      const k = halo + t
      const target = targetAt(k)
      const site = target & siteMask
      const isKnown = (j: number): boolean => codes[j] !== undefined && codes[j] !== unknownBase
      const beside = site === 1 ? [k - 1, k - 2] : [k + 1, k + 2]
      const counts = target & visibleBit && isKnown(k) && (site === 0 || beside.every(isKnown))
      labels[t] = counts ? site : -1
      segmentLabels[t] = counts ? (target >> segmentShift) & segmentMask : -1
    }
  }

  #mutate(codes: Float32Array, targetAt: (k: number) => number): void {
    const random = this.#random
    if (random.uniform() >= mutateShare) return
    const rate = random.uniform() * mostMutations
    const { before, after } = siteSurroundings
    /** The base up to which nothing is changed. */
    let keptUpTo = 0
    for (let k = 0; k < codes.length; k++) {
      if (targetAt(k + before) & siteMask) keptUpTo = Math.max(keptUpTo, k + before + after)
      if (codes[k] === unknownBase || random.uniform() >= rate || k < keptUpTo) continue
      codes[k] = (codes[k] + random.whole(1, 4)) % 4
    }
  }

  #anchor(): Anchor {
    const random = this.#random
    const { genes, stretches } = this.#data
    const kind = random.uniform()
    if (kind < shares.sites) return this.#sites[random.whole(0, this.#sites.length)]
    if (kind < shares.sites + shares.genes && this.#decoys.length > 0 && random.uniform() < decoyShare)
      return this.#decoys[random.whole(0, this.#decoys.length)]
    const gene = genes[random.pick(this.#geneWeights)]
    if (kind < shares.sites + shares.genes)
      return { stretch: gene.stretch, strand: gene.strand, position: random.whole(gene.start, gene.end) }
    return {
      stretch: gene.stretch,
      strand: random.uniform() < 0.5 ? '+' : '-',
      position: random.whole(0, stretches[gene.stretch].codes.length),
    }
  }
}
