import type { Backend } from '../../src/kernels/backend.ts'
import { spliceCodes } from '../../src/model/alphabet.ts'
import type { Model, TrackValues } from '../../src/model/model.ts'

/**
 * Models whose values are simple, exact functions of the bases they may see, for tests of what happens around a model.
 * `windows`: a weighted sum over 3 bases before, the base and 2 after. `causal`: a recurrence over all bases before
 * (NaN at the first). Both give what a naive reader of the whole sequence gives, however they are cut.
 */
export function fakeModel(
  kind: 'windows' | 'causal',
  options: { onChunk?: (start: number) => void; defaultChunk?: number } = {},
): Model {
  const field = kind === 'windows' ? { left: 3, right: 2 } : { left: Number.POSITIVE_INFINITY, right: 0 }
  const track = (name: string, isDefault: boolean) => ({ name, isDefault, description: name })
  return {
    info: {
      name: `fake-${kind}`,
      family: kind === 'windows' ? 'splice' : 'language',
      architecture: 'a fake',
      receptiveField: field,
      tracks:
        kind === 'windows'
          ? [track('acceptor', true), track('donor', true), track('neither', false)]
          : [track('log_likelihood', true)],
      parameterCount: 0,
      sha256: '0'.repeat(64),
      memberCount: 1,
    },
    backend: { limits: {} } as unknown as Backend, // computes nothing
    atLayer: () => {
      throw new Error('a fake has no layers')
    },
    plan: (request) => ({
      request,
      chunkBases: request.chunkBases ?? options.defaultChunk ?? 1000,
      memoryBytes: 0,
      lines: [],
    }),
    async *run(source, { request, chunkBases }, { signal } = {}): AsyncGenerator<TrackValues> {
      const { length, leftContext, rightContext } = request
      const letters: number[] = []
      for await (const piece of source) for (const letter of piece) letters.push(letter)
      const known = Number.isFinite(length) ? length : letters.length - leftContext
      if (letters.length < leftContext + known)
        throw new Error(
          `the source gave ${letters.length} letters, expected ${leftContext} + ${known} + ${rightContext}`,
        )
      const all = fakeValues(kind, Uint8Array.from(letters))
      for (let start = 0; start < known; start += chunkBases) {
        signal?.throwIfAborted()
        options.onChunk?.(start)
        const end = Math.min(known, start + chunkBases)
        const tracks = request.tracks.map((name) => [name, all[name].slice(leftContext + start, leftContext + end)])
        yield { start, tracks: Object.fromEntries(tracks) }
      }
    },
    async runPieces(pieces, { tracks }) {
      return pieces.map(({ bases, leftContext, length }) => {
        const all = fakeValues(kind, bases)
        return Object.fromEntries(tracks.map((name) => [name, all[name].slice(leftContext, leftContext + length)]))
      })
    },
    close() {},
  }
}

/** Values for all of `bases`, nothing before or after them. */
export function fakeValues(kind: 'windows' | 'causal', bases: Uint8Array): Record<string, Float32Array> {
  const length = bases.length
  const code = (t: number): number => (t < 0 || t >= length ? 4 : spliceCodes[bases[t]])
  if (kind === 'causal') {
    const out = new Float32Array(length)
    let state = 0
    for (let t = 0; t < length; t++) {
      out[t] = t === 0 ? Number.NaN : -state
      state = (state * 5 + code(t) + 1) % 1009
    }
    return { log_likelihood: out }
  }
  const weights = [1, 7, 3, 11, 5, 2]
  const sum = Float32Array.from({ length }, (_, t) => weights.reduce((s, w, i) => s + w * (4 - code(t - 3 + i)), 0))
  return { acceptor: sum.map((x) => x / 128), donor: sum.map((x) => 1 - x / 128), neither: sum.map((x) => x % 8) }
}
