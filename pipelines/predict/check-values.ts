import { FormatError } from '../../src/errors.ts'
import { baseIndex } from '../../src/model/alphabet.ts'
import type { Model } from '../../src/model/model.ts'
import type { Job } from './jobs.ts'
import type { StrandValues } from './strand-values.ts'
import { runsOf } from './stretch.ts'

/**
 * Passes values on; a number that no model should give ends the run. Null values that are meant stay: a language model
 * has none for the first base that it reads and for unknown bases.
 *
 * @throws FormatError naming contig and position where a value is NaN or infinite
 */
export function checkedValues({ info, backend }: Model, values: StrandValues, { stretch }: Job): StrandValues {
  const { start, bases, tracks } = values
  const strandOf = (name: string): string =>
    runsOf(stretch.direction).find(({ suffix }) => name.endsWith(suffix))?.strand ?? '+'
  for (const [name, track] of Object.entries(tracks)) {
    if (info.layer !== undefined && isAllFinite(track)) continue
    for (let t = 0; t < track.length; t++) {
      if (Math.abs(track[t]) < Number.POSITIVE_INFINITY) continue
      const first = strandOf(name) === '+' ? stretch.start - stretch.before : stretch.end + stretch.after - 1
      const isMeant = Number.isNaN(track[t]) && (start + t === first || baseIndex[bases[t]] < 0)
      if (info.family === 'language' && info.layer === undefined && isMeant) continue
      const isHalf = backend.precision === 'f16'
      throw new FormatError({
        where: `${stretch.contig.name}, position ${start + t} (0-based)`,
        what: `the model ${info.name} gives no number for ${info.layer === undefined ? 'the track ' : ''}${name}`,
        got: `${track[t]}`,
        remedy: isHalf
          ? 'its values probably leave the range of f16: compute with `precision` f32'
          : 'its weights are probably damaged: get them anew',
      })
    }
  }
  return values
}

/** A sum in float64 of values that fit float32 is finite unless one of them is not. Quick: of states every channel is looked at. */
function isAllFinite(track: Float32Array): boolean {
  let sum = 0
  for (let t = 0; t < track.length; t++) sum += track[t]
  return Number.isFinite(sum)
}
