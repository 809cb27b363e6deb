/** Whether parsed JSON is an object, neither a list nor null. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A value in an error message: never more than a few words of it. */
export function brief(value: unknown): string {
  let text: string
  try {
    text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  } catch {
    text = 'something deeply nested' // JSON.parse has no limit of depth, JSON.stringify has
  }
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
