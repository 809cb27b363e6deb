import type { Architecture, HyenaArchitecture, SpliceBlock, SpliceHyenaArchitecture } from './checkpoint.ts'

/** Bases before and after a position that its prediction depends on. */
export interface ReceptiveField {
  readonly left: number
  readonly right: number
}

/** Positions that a residual unit of two convolutions without padding loses on each side. */
export const unitMargin = ({ width, dilation }: { readonly width: number; readonly dilation: number }): number =>
  dilation * (width - 1)

/** Positions that a block of a splice model loses on each side. */
export function blockMargin(block: SpliceBlock): number {
  if (block.type === 'conv') return unitMargin(block)
  return block.type === 'hyena' ? (block.taps - 1 + block.shortTaps - 1) / 2 : 0
}

const spliceMargin = ({ stemWidth, blocks }: SpliceHyenaArchitecture): number =>
  (stemWidth - 1) / 2 + blocks.reduce((sum, block) => sum + blockMargin(block), 0)

/** Each layer sees its filters' length back; the prediction of a base is made one position earlier. */
const causalReach = ({ layerCount, shortFilterLength }: HyenaArchitecture, filterLength: number): number =>
  layerCount * (filterLength - 1 + shortFilterLength - 1) + 1

/** Taps that are kept of a causal model's filters. */
export const keptTaps = ({ maxLength }: HyenaArchitecture, filterLength = maxLength): number =>
  Math.min(filterLength, maxLength)

/** `filterLength`: taps kept of a causal model's long filters; default all. A splice model's window stays what it is. */
export function receptiveFieldOf(architecture: Architecture, filterLength?: number): ReceptiveField {
  if (architecture.kind === 'hyena')
    return { left: causalReach(architecture, keptTaps(architecture, filterLength)), right: 0 }
  const margin = architecture.kind === 'splice-hyena' ? spliceMargin(architecture) : architecture.contextBases / 2
  return { left: margin, right: margin }
}

/** What the members of an ensemble see together. */
export function jointReceptiveField(architectures: readonly Architecture[], filterLength?: number): ReceptiveField {
  const fields = architectures.map((architecture) => receptiveFieldOf(architecture, filterLength))
  return { left: Math.max(...fields.map(({ left }) => left)), right: Math.max(...fields.map(({ right }) => right)) }
}
