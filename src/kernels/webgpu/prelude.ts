import type { Precision } from '../precision.ts'
import type { MatrixShape } from './matrix-shape.ts'

/**
 * What stands before every shader, on its first line: `stored`, the type of values whose precision the user chooses, and for
 * shaders on matrix units their directives and the shape of a matrix. The only WGSL that is not in a .wgsl file.
 */
export function prelude(precision: Precision, matrix?: MatrixShape): string {
  const stored =
    precision === 'f16'
      ? 'enable f16; alias stored = f16; const isHalf = true; '
      : 'alias stored = f32; const isHalf = false; '
  if (!matrix) return stored
  const directives =
    'enable subgroups; enable chromium_experimental_subgroup_matrix; diagnostic(off, chromium.subgroup_matrix_uniformity); '
  const { M, N, K, subgroupSize } = matrix
  return `${directives}${stored}const matrixM = ${M}; const matrixN = ${N}; const matrixK = ${K}; const subgroupSize = ${subgroupSize}; `
}
