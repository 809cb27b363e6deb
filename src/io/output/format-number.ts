/** The shortest of 6 to 9 significant digits that reads back as the same float32 (9 always do). */
export function formatFloat32(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value)
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}
