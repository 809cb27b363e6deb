import { ConfigError } from '../../src/errors.ts'
import type { ModelInfo } from '../../src/model/model.ts'
import type { ReceptiveField } from '../../src/model/receptive-field.ts'
import type { PredictOptions } from './options.ts'
import { show } from '../../src/validate.ts'

/** `full` context is the default up to this receptive field, both sides together. */
const fullContextBases = 100_000

/** Bases of real sequence on each side of a region, as the model reads. ConfigError for a bad value. */
export function contextBases(
  { receptiveField }: Pick<ModelInfo, 'receptiveField'>,
  context: PredictOptions['context'],
): ReceptiveField {
  const { left, right } = receptiveField
  const chosen = context ?? (left + right <= fullContextBases ? 'full' : 'none')
  if (chosen === 'full') return { left, right }
  if (chosen === 'none') return { left: 0, right: 0 }
  if (!(Number.isInteger(chosen) && chosen >= 0)) {
    throw new ConfigError({
      option: 'context',
      what: 'bad value',
      expected: 'a number of bases, full or none',
      got: show(chosen),
    })
  }
  return { left: chosen, right: chosen }
}

/** Whether every region gets all that the model can see. */
export const isFull = ({ receptiveField }: Pick<ModelInfo, 'receptiveField'>, given: ReceptiveField): boolean =>
  given.left >= receptiveField.left && given.right >= receptiveField.right
