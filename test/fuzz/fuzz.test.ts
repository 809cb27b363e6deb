import { describe, expect, it } from 'vitest'
import { fuzz } from './fuzz.ts'
import { parsers } from './parsers.ts'

// A short run; `npm run fuzz` does millions.
describe('mutated inputs are read, or refused by an error of ours, soon and in little memory', () => {
  it.each(Object.keys(parsers))('%s', async (name) => {
    const { seeds, parse } = parsers[name]
    for (const seed of seeds) await Promise.any([0, 1, 2, 3].map(async (pick) => parse(seed, pick)))
    const { read, refused } = await fuzz(name, { inputs: 500, seed: 1 })
    // Both must happen, or the mutations test nothing.
    expect(Math.min(read, refused)).toBeGreaterThan(4)
  })
})
