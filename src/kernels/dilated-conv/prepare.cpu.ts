import type { CpuTensor, CpuWeights } from '../cpu/cpu-tensor.ts'
import type { CpuInternalKernel, Step } from '../cpu/steps.ts'
import type { CpuDilatedConvArguments } from './arguments.cpu.ts'
import { directFloats, packDirect } from './direct.cpu.ts'
import type { DilatedConvArguments } from './dilated-conv.ts'
import type { DilatedConvPlan, DilatedConvRequest } from './plan.ts'
import { type CpuDilatedConvRequest, planDilatedConvCpu } from './plan.cpu.ts'
import { pieceLength } from '../pieces.ts'
import { filterSpectraFloats, packFilterSpectra } from './spectra.ts'

const mostPlans = 256 // that are kept

/** Plans convolutions and keeps each weight's packed forms for as long as the weight itself. */
export class DilatedConvPreparer {
  readonly #plans = new Map<string, DilatedConvPlan>()
  readonly #packed = new Map<CpuWeights, Map<number, Float32Array>>()
  readonly #plan: (request: CpuDilatedConvRequest) => DilatedConvPlan
  readonly #allocate: (floatCount: number) => Float32Array
  readonly #free: (array: Float32Array) => void
  readonly #enqueue: (step: Step) => void
  readonly #workerCount: number

  constructor(options: {
    allocate: (floatCount: number) => Float32Array
    free: (array: Float32Array) => void
    enqueue: (step: Step) => void
    workerCount: number
    plan?: (request: CpuDilatedConvRequest) => DilatedConvPlan
  }) {
    this.#plan = options.plan ?? planDilatedConvCpu
    this.#allocate = options.allocate
    this.#free = options.free
    this.#enqueue = options.enqueue
    this.#workerCount = options.workerCount
  }

  /** The units of a network are mostly alike, and its fit to memory asks for each of them many times over. */
  plan(request: DilatedConvRequest): DilatedConvPlan {
    const { inChannels, outChannels, width, dilation, length, pieceCount = 1 } = request
    const key = [inChannels, outChannels, width, dilation, length, pieceCount].join()
    let plan = this.#plans.get(key)
    if (!plan) {
      plan = this.#plan({ ...request, workerCount: this.#workerCount })
      if (this.#plans.size === mostPlans) this.#plans.clear()
      this.#plans.set(key, plan)
    }
    return plan
  }

  /** Floats of the packed weights of such a convolution. */
  packedFloats(request: DilatedConvRequest): number {
    return packedFloats(this.plan(request), request)
  }

  /** The arguments with plan and packed weights; packing is queued before the first use. */
  prepare(args: DilatedConvArguments<CpuTensor, CpuWeights>): CpuDilatedConvArguments {
    const [outChannels, inChannels, width] = args.weight.shape as [number, number, number]
    const forms = this.#packed.get(args.weight) ?? new Map<number, Float32Array>() // by fftSize, 0 for direct
    this.#packed.set(args.weight, forms)
    const { dilation, out, pieces } = args
    const length = pieceLength(out, pieces)
    const plan = this.plan({ inChannels, outChannels, width, dilation, length, pieceCount: pieces?.count })
    const form = plan.method === 'direct' ? 0 : plan.fftSize
    let packed = forms.get(form)
    if (!packed) {
      packed = this.#allocate(packedFloats(plan, { inChannels, outChannels, width }))
      forms.set(form, packed)
      this.#enqueue({ op: 'prepareDilatedConv', args: { weight: args.weight, plan, packed } })
    }
    return { ...args, plan, packed }
  }

  /** Frees a released weight's packed forms. */
  release(weight: CpuWeights): void {
    for (const packed of this.#packed.get(weight)?.values() ?? []) this.#free(packed)
    this.#packed.delete(weight)
  }

  /** Frees all packed forms; they are made again at their next use. */
  forget(): void {
    for (const weight of this.#packed.keys()) this.release(weight)
  }
}

const packedFloats = (
  plan: DilatedConvPlan,
  { inChannels, outChannels, width }: Pick<DilatedConvRequest, 'inChannels' | 'outChannels' | 'width'>,
): number =>
  plan.method === 'direct'
    ? directFloats(outChannels, inChannels, width)
    : filterSpectraFloats(plan.fftSize, outChannels, inChannels)

export const prepareDilatedConvKernel: CpuInternalKernel<'prepareDilatedConv'> = (
  { weight, plan, packed },
  context,
) => {
  for (const rowBlock of context.tiles(Math.ceil(weight.shape[0] / 4))) {
    if (plan.method === 'direct') packDirect(packed, weight, rowBlock)
    else packFilterSpectra(packed, plan.fftSize, weight, rowBlock)
  }
}
