import { type Tensor, view, type Weights } from '../kernels/tensor.ts'
import { unitMargin } from '../model/receptive-field.ts'
import { type Pass, turned } from './pass.ts'

/** scale · x + shift per channel, and the parameters to which its gradients go. */
export interface TrainedAffine {
  readonly scale: Float32Array
  readonly shift: Float32Array
  readonly scaleName: string
  readonly shiftName: string
}

/** x + conv2(leaky(affine2(conv1(leaky(affine1(x)))))), see ../model/splice/residual-unit.ts. */
export interface TrainedUnit {
  readonly prefix: string
  readonly width: number
  readonly dilation: number
  readonly affine1: TrainedAffine
  readonly affine2: TrainedAffine
}

interface Prepared {
  readonly unit: TrainedUnit
  readonly margin: number
  readonly input: Tensor
  readonly inner: Tensor
  readonly before1: { readonly scale: Weights; readonly shift: Weights }
  readonly before2: { readonly scale: Weights; readonly shift: Weights }
}

/** Runs residual units forward, keeping what the way back needs, and back. */
export class UnitStack {
  readonly #pass: Pass
  readonly #slope: number | undefined
  readonly #done: Prepared[] = []

  constructor(pass: Pass, slope?: number) {
    this.#pass = pass
    this.#slope = slope
  }

  /** The unit's result, `unitMargin` positions shorter on each side. */
  forward(unit: TrainedUnit, input: Tensor): Tensor {
    const pass = this.#pass
    const { ops } = pass.backend
    const { dilation, prefix } = unit
    const margin = unitMargin(unit)
    const channels = input.channelCount
    const affine = ({ scale, shift }: TrainedAffine) => ({
      scale: pass.upload(scale, [channels]),
      shift: pass.upload(shift, [channels]),
    })
    const [before1, before2] = [affine(unit.affine1), affine(unit.affine2)]
    const inner = pass.tensor(channels, input.length - margin)
    const common = { dilation, slope: this.#slope }
    ops.dilatedConv({ out: inner, input, ...pass.layer(`${prefix}.conv1`), before: before1, ...common })
    const out = pass.tensor(channels, input.length - 2 * margin)
    const residual = view(input, { start: margin, length: out.length })
    ops.dilatedConv({ out, input: inner, ...pass.layer(`${prefix}.conv2`), before: before2, residual, ...common })
    this.#done.push({ unit, margin, input, inner, before1, before2 })
    return out
  }

  /** Zeros that must stand on both sides of the gradient that `backward` takes next. */
  get margin(): number {
    return this.#done.at(-1)?.margin ?? 0
  }

  /**
   * Undoes the last unit that is left: takes the gradient of its result with `margin` zeros on both sides and gives that of its input
   * with as many as the unit before it wants.
   */
  backward(gradient: Tensor): Tensor {
    const pass = this.#pass
    const { unit, margin, input, inner, before1, before2 } = this.#done.pop()!
    const { prefix } = unit
    const inside = view(gradient, { start: margin, length: input.length - 2 * margin })
    const innerGradient = this.#through(`${prefix}.conv2`, unit, inner, gradient, inside, unit.affine2, before2, margin)
    pass.free(inner)
    const innerInside = view(innerGradient, { start: margin, length: inner.length })
    const out = this.#through(
      `${prefix}.conv1`,
      unit,
      input,
      innerGradient,
      innerInside,
      unit.affine1,
      before1,
      this.margin,
      inside,
    )
    pass.free(innerGradient)
    pass.free(gradient)
    return out
  }

  /** Back through one convolution and the affine map before it; the result has `padding` zeros on both sides. */
  #through(
    name: string,
    { width, dilation }: TrainedUnit,
    input: Tensor,
    gradient: Tensor,
    inside: Tensor,
    affine: TrainedAffine,
    before: { readonly scale: Weights; readonly shift: Weights },
    padding: number,
    skip?: Tensor,
  ): Tensor {
    const pass = this.#pass
    const { ops } = pass.backend
    const channels = input.channelCount
    const slope = this.#slope
    ops.dilatedConvWeights({
      weightGradient: pass.gradientOf(`${name}.weight`),
      biasGradient: pass.gradientOf(`${name}.bias`),
      input,
      gradient: inside,
      width,
      dilation,
      before,
      slope,
    })
    const weight = turned(pass.host(`${name}.weight`))
    const reached = pass.tensor(channels, input.length)
    ops.dilatedConv({
      out: reached,
      input: gradient,
      weight: pass.upload(weight.data, weight.shape),
      bias: pass.upload(new Float32Array(channels), [channels]),
      dilation,
    })
    const out = pass.tensor(channels, input.length + 2 * padding)
    ops.affineLeakyGradient({
      out,
      scaleGradient: pass.gradientOf(affine.scaleName),
      shiftGradient: pass.gradientOf(affine.shiftName),
      input,
      gradient: reached,
      ...before,
      skip,
      slope,
    })
    pass.free(reached)
    return out
  }
}
