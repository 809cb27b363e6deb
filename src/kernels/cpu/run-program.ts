import { DeviceError } from '../../errors.ts'
import { Aborted, CpuContext } from './context.ts'
import { collectGarbage } from './garbage.ts'
import { cpuInternalKernels, cpuKernels } from './kernels.ts'
import type { Outcome, Program, Setup } from './program.ts'

const kernels = { ...cpuKernels, ...cpuInternalKernels } as unknown as Record<
  string,
  (args: unknown, context: CpuContext) => void
>

/** One worker's part in programs. */
export class ProgramRunner {
  readonly #context: CpuContext

  constructor({ workerIndex, workerCount, control, variant }: Setup) {
    this.#context = new CpuContext(workerIndex, workerCount, control, variant)
  }

  run(program: Program): Outcome {
    try {
      if (program.collect) collectGarbage()
      for (let i = 0; i < program.steps.length; i++) this.#step(program, i)
      return {}
    } catch (error) {
      return this.#failure(error)
    }
  }

  /** `run` that lets `pause` decide before each step when others have their turn. */
  async runWithPauses(program: Program, pause: () => Promise<void> | undefined): Promise<Outcome> {
    try {
      for (let i = 0; i < program.steps.length; i++) {
        await pause()
        this.#step(program, i)
      }
      return {}
    } catch (error) {
      return this.#failure(error)
    }
  }

  #step({ steps, counters }: Program, i: number): void {
    const { op, args } = steps[i]
    this.#context.beginStep(counters, i)
    kernels[op](args, this.#context)
    this.#context.barrier()
  }

  #failure(error: unknown): Outcome {
    this.#context.abort()
    if (error instanceof Aborted) return {}
    const reason = error instanceof DeviceError ? error.reason : 'worker'
    return { failure: { reason, text: error instanceof Error ? (error.stack ?? error.message) : String(error) } }
  }
}
