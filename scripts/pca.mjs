/**
 * The first principal components of rows: [{ axis, share, scores }], from the one of most variance down. `share`: its part of
 * the variance; `scores`: one a row. Columns are centred, and scaled to variance 1 (those that do not vary stay 0). By power
 * iteration on the covariance, each component taken out before the next; signs so that an axis' largest part is positive.
 */
export function principalComponents(rows, count = 2) {
  const width = rows[0].length
  const columns = Array.from({ length: width }, (_, c) => rows.map((row) => row[c]))
  const scaled = columns.map((column) => {
    const mean = column.reduce((sum, v) => sum + v, 0) / column.length
    const deviation = Math.sqrt(column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / column.length)
    return column.map((v) => (deviation > 0 ? (v - mean) / deviation : 0))
  })
  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0)
  const covariance = scaled.map((a) => scaled.map((b) => dot(a, b) / rows.length))
  const total = covariance.reduce((sum, row, c) => sum + row[c], 0)
  const components = []
  for (let k = 0; k < count; k++) {
    let axis = Array.from({ length: width }, (_, c) => 1 + ((c * 7 + k) % 5)) // in no component's null space but by accident
    for (let i = 0; i < 2000; i++) {
      const next = covariance.map((row) => dot(row, axis))
      const length = Math.hypot(...next)
      if (length === 0) break
      axis = next.map((v) => v / length)
    }
    const most = axis.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best), 0)
    if (most < 0) axis = axis.map((v) => -v)
    const variance = dot(
      axis,
      covariance.map((row) => dot(row, axis)),
    )
    for (const [i, row] of covariance.entries()) for (const j of row.keys()) row[j] -= variance * axis[i] * axis[j]
    const scores = rows.map((_, r) => axis.reduce((sum, v, c) => sum + v * scaled[c][r], 0))
    components.push({ axis, share: variance / total, scores })
  }
  return components
}
