export function principalComponents(
  rows: readonly ArrayLike<number>[],
  count?: number,
): { axis: number[]; share: number; scores: number[] }[]
