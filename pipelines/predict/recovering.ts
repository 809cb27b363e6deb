import { DeviceError } from '../../src/errors.ts'
import type { Model } from '../../src/model/model.ts'
import type { StrandOptions, StretchControl } from './strand-plan.ts'
import type { StrandValues } from './strand-values.ts'
import type { Stretch } from './stretch.ts'

/** What computes, and how many bases at a time. */
export interface Place {
  readonly model: Model
  readonly chunk?: number
}

/** Gives what to compute the rest with after `error`; undefined where nothing would help. */
export type DeviceRecovery = (error: DeviceError, failed: Place) => Promise<Place | undefined>

export type RunStrand = (
  model: Model,
  stretch: Stretch,
  options: StrandOptions,
  control: StretchControl,
) => AsyncGenerator<StrandValues>

/**
 * Runs a stretch; when the device fails (lost, out of memory, a shader refused) continues from the first value that is not
 * there yet, in the place that `onDeviceError` gives. What lies before it is context then, so the values are the same.
 */
export async function* runRecovering(
  run: RunStrand,
  place: Place,
  stretch: Stretch,
  options: StrandOptions,
  { doneBases = 0, onComputed }: StretchControl,
  { onDeviceError, onMoved }: { onDeviceError?: DeviceRecovery; onMoved: (place: Place) => void },
): AsyncGenerator<StrandValues> {
  let { model, chunk } = place
  let rest = stretch
  const doneEnd = stretch.start + doneBases
  for (;;) {
    try {
      const control = { doneBases: Math.max(0, doneEnd - rest.start), onComputed }
      for await (const values of run(model, rest, { ...options, chunkBases: chunk }, control)) {
        yield values
        const done = values.start + values.bases.length - rest.start
        rest = { ...rest, start: rest.start + done, before: rest.before + done }
      }
      return
    } catch (error) {
      const contig = error instanceof DeviceError ? rest.contig.again() : undefined
      const next = contig && (await onDeviceError?.(error as DeviceError, { model, chunk }))
      if (!next) throw error
      model = next.model
      chunk = next.chunk
      const end = Math.min(rest.end, contig.length)
      rest = { ...rest, contig, end }
      onMoved(next)
    }
  }
}
