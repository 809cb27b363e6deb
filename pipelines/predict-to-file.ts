import type { OutputInfo } from '../src/io/output/output-info.ts'
import type { Progress } from './predict/options.ts'
import type { PredictRequest } from './run/request.ts'

/** The options of `genoconv predict`, by the same names; all have its defaults. */
export interface PredictToFileOptions extends Partial<Omit<PredictRequest, 'inputs' | 'output'>> {
  readonly signal?: AbortSignal
  readonly onWarning?: (text: string) => void
  readonly onInfo?: (text: string) => void
  readonly onProgress?: (progress: Progress) => void
}

export interface PredictToFileResult {
  /** Rows that this call wrote. */
  readonly bases: number
  /** Rows that an interrupted run had written before; undefined where none was resumed. */
  readonly basesBefore: number | undefined
  readonly device: string
}

/**
 * What the command `predict` does, as one call: predictions for FASTA files, or for regions of them, in a file that appears
 * only when it is complete. With `resume: true` an interrupted run is continued, and one that fails can be; the bytes are
 * those of an undisturbed run. Node only. In code of your own, `predict` and `writeArrow` are the parts it is made of.
 *
 * @param fasta files or URLs; several are read one after the other
 * @param output the file to write; its extension decides the format unless `format` is given
 * @throws ConfigError, FormatError, RegionError, ShapeError, DeviceError, LimitError as the command reports them; an abort
 *   passes through
 */
export async function predictToFile(
  fasta: string | readonly string[],
  output: string,
  { signal, onWarning, onInfo, onProgress, ...options }: PredictToFileOptions = {},
): Promise<PredictToFileResult> {
  const { runPredict } = await import('./run/run-predict.ts')
  const nothing = (): void => {}
  const request: PredictRequest = {
    models: [],
    regionTexts: [],
    bedFiles: [],
    device: 'auto',
    frequencySparsity: 0,
    precision: 'f32',
    resume: false,
    ...options,
    inputs: [fasta].flat(),
    output,
  }
  const outcome = await runPredict(request, {
    signal: signal ?? new AbortController().signal,
    log: {
      info: onInfo ?? nothing,
      warn: onWarning ?? nothing,
      error: nothing,
      progress: onProgress ?? nothing,
      records: nothing,
      done: nothing,
    },
  })
  const { tally, basesBefore, device } = outcome!
  return { bases: tally.bases, basesBefore, device }
}

/**
 * How an Arrow file or stream of predictions was made, as it says itself. Node only.
 *
 * @throws FormatError where the file is missing, incomplete, or something else
 */
export async function outputInfo(path: string): Promise<OutputInfo> {
  return (await import('../src/io/output/output-info.ts')).readOutputInfo(path)
}
