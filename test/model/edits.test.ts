import { expect, it } from 'vitest'
import { createModel } from '../../src/model/create-model.ts'
import type { SpliceHyenaArchitecture } from '../../src/model/checkpoint.ts'
import { type Edit, type EditedPiece, editedPiece } from '../../src/model/edit.ts'
import { reachedAndNeeded } from '../../src/model/splice/reach.ts'
import { forEachBackend } from '../support/backends.ts'
import { randomSequence } from '../support/memory-genome.ts'
import { randomOpenSplice, randomSpliceHyena, smallSpliceHyena } from '../support/random-checkpoints.ts'

const tracks = ['acceptor', 'donor', 'neither']
const letters = (text: string): Uint8Array => new TextEncoder().encode(text)

const convolutionsAlone: SpliceHyenaArchitecture = {
  ...smallSpliceHyena,
  blocks: [1, 3, 2].map((dilation) => ({ type: 'conv', width: 5, dilation })),
}

/** Pieces of three lengths with edits of all kinds, some beyond what is wanted of them. */
function editedPieces(halo: number): EditedPiece[] {
  return [60, 64, 200].map((length, i) => {
    const bases = letters(randomSequence(length + 2 * halo, 7 + i).toUpperCase())
    const edit = (start: number, removedCount: number, inserted: string, from = start - 9, count = 20): Edit => ({
      start,
      removedCount,
      inserted: letters(inserted),
      wanted: { start: from, length: count },
    })
    const same = String.fromCharCode(bases[halo + 30])
    const edits = [
      ...[...'ACGT'].map((base) => edit(20 + i, 1, base)),
      edit(25, 1, 'GATTACA'),
      edit(31, 5, 'G'),
      edit(30, 1, `${same}TT`),
      edit(12, 3, 'CCC'),
      edit(28, 0, 'N'.repeat(50), 25, 60),
      edit(15, 4, ''),
      edit(-3, 2, 'T', 0, 30),
      edit(40, 1, 'A', 0, 8),
      edit(10, 0, ''),
    ]
    return { piece: { bases, leftContext: halo, length, rightContext: halo }, edits }
  })
}

forEachBackend('edits against kept activations', (backend) => {
  it.each([
    ['SpliceAI family', () => randomOpenSplice()],
    ['our own, of convolutions alone', () => randomSpliceHyena(convolutionsAlone)],
  ])(
    'give what whole edited sequences give: %s',
    async (_, checkpoint) => {
      const model = createModel([checkpoint(), { ...checkpoint(), sha256: '1' }], backend())
      const pieces = editedPieces(model.info.receptiveField.left)
      const memoryBytes = 2 ** 30
      expect(pieces.every((piece) => model.edits!.fits(piece, memoryBytes))).toBe(true)
      const got = await model.edits!.run(pieces, { tracks, memoryBytes })
      for (const [i, { piece, edits }] of pieces.entries()) {
        const whole = [piece, ...edits.map((edit) => editedPiece(piece, edit))]
        const expected = await model.runPieces(whole, { tracks, memoryBytes })
        for (const [k, values] of [got[i].tracks, ...got[i].edits].entries()) {
          for (const name of tracks) {
            expect(values[name].length).toBe(whole[k].length)
            values[name].forEach((value, t) => {
              expect(Math.abs(value - expected[k][name][t]), `piece ${i}, ${k - 1}, ${t}`).toBeLessThan(1e-6)
            })
          }
        }
      }
      model.close()
    },
    600_000,
  )

  it('say what does not fit', () => {
    const model = createModel([randomOpenSplice()], backend())
    const [piece] = editedPieces(model.info.receptiveField.left)
    expect(model.edits!.fits(piece, 1000)).toBe(false)
    expect(model.edits!.mostBases(1000)).toBeLessThan(1)
    model.close()
    expect(createModel([randomSpliceHyena()], backend()).edits).toBe(undefined)
  })
})

it('positions to compute: reached and needed, the fewer of the two', () => {
  const layers = [
    { left: 2, right: 3 },
    { left: 10, right: 10 },
  ]
  expect(reachedAndNeeded(layers, 1, { start: -4, end: 5 })).toEqual([
    { start: 0, end: 1 },
    { start: -3, end: 3 },
    { start: -4, end: 5 },
  ])
  // A deletion: the junction reaches only outputs that see both sides.
  expect(reachedAndNeeded(layers, 0, { start: -50, end: 50 })).toEqual([
    { start: 0, end: 0 },
    { start: -3, end: 2 },
    { start: -13, end: 12 },
  ])
  expect(reachedAndNeeded(layers, 1, { start: 20, end: 30 })).toBe(undefined)
})
