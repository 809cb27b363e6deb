/** `name` among `known`: as it is, or with `chr` put before it or taken off; undefined if it is neither. */
export function matchContig(name: string, known: { has(name: string): boolean }): string | undefined {
  if (known.has(name)) return name
  const other = name.startsWith('chr') ? name.slice(3) : `chr${name}`
  return known.has(other) ? other : undefined
}
