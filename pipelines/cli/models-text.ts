import type { ModelDescription, ModelListing } from '../models/catalogue.ts'
import { showBytes, showCount } from '../run/show.ts'

/** `models list` for people: columns as wide as their longest entry. */
export function formatListings(listings: readonly ModelListing[]): string {
  const rows = listings.map(({ name, state, isDefault, licence = '?', weightsBytes, description }) => {
    const where = state === 'known' ? 'to pull' : isDefault ? 'shipped, default' : state
    return [name, where, licence, showBytes(weightsBytes), description]
  })
  const table = [['NAME', 'STATE', 'LICENCE', 'SIZE', 'WHAT'], ...rows]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  const lines = table.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]))).join('  '),
  )
  if (listings.some(({ source }) => source === 'pull')) lines.push('', 'to pull: genoconv models pull NAME')
  return `${lines.join('\n')}\n`
}

/** `models info` for people: a line a fact, the model's own card below. */
export function formatDescription(model: ModelDescription): string {
  const { left, right } = model.receptiveField
  const facts: [string, string][] = [
    ['model', model.name],
    ['family', model.family === 'splice' ? 'splice sites' : 'language model (each base from those before it)'],
    ['architecture', model.architecture],
    [
      'receptive field',
      right === 0 ? `${showCount(left)} bases before each base` : `${showCount(left)} bases on each side`,
    ],
    ['parameters', showCount(model.parameterCount)],
    ...model.tracks.map(({ name, isDefault, description }, i): [string, string] => [
      i === 0 ? 'tracks' : '',
      `${name}${isDefault ? '' : ' (on request)'}: ${description}`,
    ]),
    ['weights', `${showBytes(model.weightsBytes)} in ${model.files.join(', ')}`],
    ...model.sha256.map((hash, i): [string, string] => [i === 0 ? 'SHA-256' : '', hash]),
    ['licence', model.licence ?? 'not stated'],
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
  if (model.card) lines.push('', ...cardLines(model.card, ''))
  return `${lines.join('\n')}\n`
}

/** A card is whatever its author wrote: objects become indented sections, lists of words one line. */
function cardLines(value: unknown, indent: string): string[] {
  if (typeof value !== 'object' || value === null) return [`${indent}${value}`]
  const isPlain = (item: unknown): boolean => typeof item !== 'object' || item === null
  return Object.entries(value).flatMap(([key, item]) => {
    const name = Array.isArray(value) ? '-' : `${key.replaceAll('_', ' ')}:`
    if (isPlain(item)) return [`${indent}${name} ${item}`]
    if (Array.isArray(item) && item.every(isPlain)) return [`${indent}${name} ${item.join(', ')}`]
    return [`${indent}${name}`, ...cardLines(item, `${indent}  `)]
  })
}
