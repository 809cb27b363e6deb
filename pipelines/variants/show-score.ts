/** Fixed decimals, without the sign of a zero. */
export function showScore(score: number, digits: number): string {
  const text = score.toFixed(digits)
  return Number(text) === 0 ? (0).toFixed(digits) : text
}
