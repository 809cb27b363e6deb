/** A few of the names there are, for an error message. */
export function nameSome(names: readonly string[]): string {
  return names.length <= 4
    ? `one of ${names.join(', ')}`
    : `one of ${names.length} such as ${names.slice(0, 3).join(', ')}`
}
