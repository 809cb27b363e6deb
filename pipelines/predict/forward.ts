import type { Model } from '../../src/model/model.ts'
import { readAhead } from '../../src/streams.ts'
import { BaseTape } from './base-tape.ts'
import { planForward, type StrandOptions, type StretchControl } from './strand-plan.ts'
import { type StrandValues, valueCount } from './strand-values.ts'
import type { Stretch } from './stretch.ts'

/** The forward strand, in ascending order, in memory bounded by the model's chunk. */
export async function* runForward(
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
  { doneBases = 0, onComputed }: StretchControl = {},
): AsyncGenerator<StrandValues> {
  // Windows that are done are neither computed nor, where that is possible, read.
  const { run, rest } = planForward(model, stretch, options, doneBases)
  const { contig, start, end, before, after } = rest
  const skipped = start - stretch.start
  if (skipped > 0) onComputed?.(skipped)
  const tape = new BaseTape()
  const letters = readAhead(tape.record(contig.bases(start - before, end + after)), 1)
  const control = { doneBases: doneBases - skipped, signal: options.signal }
  for await (const values of model.run(letters, run, control)) {
    const length = valueCount(values.tracks)
    onComputed?.(length)
    yield { start: start + values.start, bases: tape.take(before + values.start, length), tracks: values.tracks }
  }
}
