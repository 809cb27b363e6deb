import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { describeError, Interruption } from '../../pipelines/cli/exit-codes.ts'
import { inFlags } from '../../pipelines/cli/flags.ts'
import type { Progress } from '../../pipelines/predict/options.ts'
import { predict } from '../../pipelines/cli/predict-handler.ts'

const golden = fileURLToPath(new URL('../model/weights/golden/openspliceai-nano.safetensors', import.meta.url))

export interface PredictRun {
  readonly lines: readonly string[]
  readonly summary: Readonly<Record<string, unknown>> | undefined
  /** What the program would say last, where it fails; `class` is the error's. */
  readonly error: { readonly class: string; readonly text: string } | undefined
}

/** `predict` as the command line runs it, in this process. `at`: called as it proceeds; what it throws interrupts the run. */
export async function predictHere(
  argv: Readonly<Record<string, unknown>>,
  at?: (progress: Progress) => void,
): Promise<PredictRun> {
  const abort = new AbortController()
  const lines: string[] = []
  let summary: PredictRun['summary']
  const log = {
    info: (text: string) => void lines.push(inFlags(text)),
    warn: (text: string) => void lines.push(`warning: ${inFlags(text)}`),
    error: () => {},
    records: () => {},
    progress(progress: Progress) {
      try {
        at?.(progress)
      } catch {
        abort.abort(new Interruption('SIGINT'))
      }
    },
    done: (_: string, of: Readonly<Record<string, unknown>>) => {
      summary = of
    },
  }
  try {
    await predict({ model: golden, device: 'cpu', threads: '1', ...argv }, { log, signal: abort.signal })
    return { lines, summary, error: undefined }
  } catch (error) {
    const cause = (abort.signal.aborted ? abort.signal.reason : error) as Error
    return { lines, summary, error: { class: cause.constructor.name, text: describeError(cause) } }
  }
}

/** Interrupts a run when it has done so many bases. */
export const interruptAt =
  (bases: number) =>
  ({ basesDone }: Progress): void => {
    if (basesDone >= bases) throw new Error('enough')
  }

/** A folder for a test file's own use. */
export function scratch(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'genoconv-resume-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return (name) => join(folder, name)
}
