import type { Model, RunRequest } from '../../src/model/model.ts'
import { random } from './backends.ts'

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Seeded bases with some N, IUPAC and lower-case letters among them. */
export function randomBases(length: number, seed: number): string {
  const next = random(seed)
  const letters = 'ACGTACGTACGTACGTACGTACGTACGTACGTacgtNR'
  return Array.from({ length }, () => letters[Math.floor(((next() + 1) / 2) * letters.length)]).join('')
}

/** The sequence in pieces of odd sizes. */
export async function* pieces(text: string, size = 997): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < text.length; i += size) yield ascii(text.slice(i, i + size))
}

/** All tracks of a run put together; fails where cores do not tile the sequence exactly once, in order. */
export async function runAll(
  model: Model,
  sequence: string,
  tracks: readonly string[],
  options: Partial<RunRequest> = {},
): Promise<Record<string, Float32Array>> {
  const { leftContext = 0, rightContext = 0 } = options
  const length = options.length ?? sequence.length - leftContext - rightContext
  const out = Object.fromEntries(
    tracks.map((name) => [name, new Float32Array(sequence.length - leftContext - rightContext).fill(Number.NaN)]),
  )
  let next = 0
  const plan = model.plan({ memoryBytes: 2 ** 33, ...options, tracks, length, leftContext, rightContext })
  for await (const values of model.run(pieces(sequence), plan)) {
    if (values.start !== next) throw new Error(`values start at ${values.start}, expected ${next}`)
    for (const name of tracks) {
      out[name].set(values.tracks[name], values.start)
      next = values.start + values.tracks[name].length
    }
  }
  if (next !== sequence.length - leftContext - rightContext) throw new Error(`values end at ${next}`)
  return out
}
