import type { Model } from '../../src/model/model.ts'
import { runForward } from './forward.ts'
import { runReverse } from './reverse.ts'
import type { StrandOptions, StretchControl } from './strand-plan.ts'
import { cutTracks, type StrandValues, valuesFrom } from './strand-values.ts'
import { runsOf, type Stretch } from './stretch.ts'

const [plusSuffix, minusSuffix] = runsOf('both').map(({ suffix }) => suffix)

/** Both strands side by side: tracks get a suffix for their strand. */
export async function* runBoth(
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
  control: StretchControl = {},
): AsyncGenerator<StrandValues> {
  const minus = runReverse(model, stretch, options, control)
  const plus = runForward(model, stretch, options, control)
  try {
    let p: StrandValues | undefined
    let m: StrandValues | undefined
    for (;;) {
      // Minus first: where it waits for its far end, plus has not begun and holds nothing.
      m ??= (await minus.next()).value as StrandValues | undefined
      p ??= (await plus.next()).value as StrandValues | undefined
      if (!p || !m) return
      // A resumed run may start at another base on each strand.
      const start = Math.max(p.start, m.start)
      p = valuesFrom(p, start)
      m = valuesFrom(m, start)
      if (!p || !m) continue
      const count = Math.min(p.bases.length, m.bases.length)
      yield {
        start,
        bases: p.bases.subarray(0, count),
        tracks: { ...cutTracks(p.tracks, 0, count, plusSuffix), ...cutTracks(m.tracks, 0, count, minusSuffix) },
      }
      p = valuesFrom(p, start + count)
      m = valuesFrom(m, start + count)
    }
  } finally {
    await Promise.all([minus.return(undefined), plus.return(undefined)])
  }
}
