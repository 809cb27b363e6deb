/** One entry of `adapter.info.subgroupMatrixConfigs` (experimental, so not in the types): left is M x K, right K x N. */
export interface SubgroupMatrixConfig {
  readonly componentType: string
  readonly resultComponentType: string
  readonly M: number
  readonly N: number
  readonly K: number
}

/** The shape that product-matrix.lib.wgsl is compiled for: f16 in, f32 sums. */
export interface MatrixShape {
  readonly M: number
  readonly N: number
  readonly K: number
  /** Threads that hold a matrix together. */
  readonly subgroupSize: number
}

/** Outputs, positions and depth of the tile that one subgroup multiplies (product-matrix.lib.wgsl): shapes must divide it. */
const subgroupTile = 32
const subgroupsPerWorkgroup = 4

/**
 * The shape to use on a device, if any: of f16 with f32 sums, dividing the tile, of most multiplications an instruction. The
 * subgroup size must be fixed, since the shader counts subgroups by it, and a workgroup must hold four of them.
 */
export function chooseMatrixShape(
  info: {
    readonly subgroupMatrixConfigs?: readonly SubgroupMatrixConfig[]
    readonly subgroupMinSize?: number
    readonly subgroupMaxSize?: number
  },
  { maxComputeInvocationsPerWorkgroup }: { readonly maxComputeInvocationsPerWorkgroup: number },
): MatrixShape | undefined {
  const { subgroupMatrixConfigs = [], subgroupMinSize, subgroupMaxSize } = info
  if (!subgroupMaxSize || subgroupMinSize !== subgroupMaxSize) return undefined
  if (subgroupsPerWorkgroup * subgroupMaxSize > maxComputeInvocationsPerWorkgroup) return undefined
  const fitting = [...subgroupMatrixConfigs].filter(
    ({ componentType, resultComponentType, M, N, K }) =>
      componentType === 'f16' &&
      resultComponentType === 'f32' &&
      [M, N, K].every((size) => size > 0 && subgroupTile % size === 0),
  )
  const best = fitting.sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K)[0]
  return best && { M: best.M, N: best.N, K: best.K, subgroupSize: subgroupMaxSize }
}
