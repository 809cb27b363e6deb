import type { WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import type { Tensor } from '../../src/kernels/tensor.ts'
import { type CallSeconds, expectClose, timed, values } from './device.ts'

export interface ProductResult {
  readonly kind: 'product'
  readonly what: string
  readonly precision: 'f32' | 'f16'
  readonly onMatrixUnits: boolean
  readonly positions: number
  /** Multiplications and additions of one call. */
  readonly operations: number
  readonly seconds: CallSeconds
}

/** Sums of some outputs, in float64. */
interface Product {
  readonly what: string
  readonly inputs: readonly [channels: number, length: number]
  readonly outputs: readonly [channels: number, length: number]
  readonly operations: number
  readonly weightShape: readonly number[]
  /** Of output channel `o` at `t`. */
  readonly expected: (x: Float32Array, w: Float32Array, o: number, t: number) => number
  readonly run: (b: WebGpuBackend, out: Tensor, input: Tensor, w: Float32Array) => () => void
}

function dense(inChannels: number, outChannels: number, positions: number): Product {
  return {
    what: `dense ${inChannels} -> ${outChannels}`,
    inputs: [inChannels, positions],
    outputs: [outChannels, positions],
    operations: 2 * inChannels * outChannels * positions,
    weightShape: [outChannels, inChannels],
    expected: (x, w, o, t) => {
      let sum = 0
      for (let i = 0; i < inChannels; i++) sum += w[o * inChannels + i] * x[i * positions + t]
      return sum
    },
    run: (b, out, input, w) => {
      const weight = b.weights(w, [outChannels, inChannels])
      return () => b.ops.linear({ out, input, weight })
    },
  }
}

function dilated(width: number, dilation: number, positions: number): Product {
  const length = positions + (width - 1) * dilation
  return {
    what: `dilated 32 -> 32, width ${width} x ${dilation}`,
    inputs: [32, length],
    outputs: [32, positions],
    operations: 2 * 32 * 32 * width * positions,
    weightShape: [32, 32, width],
    expected: (x, w, o, t) => {
      let sum = 0
      for (let i = 0; i < 32; i++)
        for (let j = 0; j < width; j++) sum += w[(o * 32 + i) * width + j] * x[i * length + t + j * dilation]
      return sum
    },
    run: (b, out, input, w) => {
      const [weight, bias] = [b.weights(w, [32, 32, width]), b.weights(new Float32Array(32), [32])]
      return () => b.ops.dilatedConv({ out, input, weight, bias, dilation })
    },
  }
}

/** Dense layers of HyenaDNA (256 channels) and dilated convolutions of OpenSpliceAI, without what surrounds them. */
export async function benchProducts(b: WebGpuBackend, wanted: number, reps: number): Promise<ProductResult[]> {
  const positions = Math.min(wanted, Math.floor(b.limits.maxTensorBytes / (4 * 1024)))
  const results: ProductResult[] = []
  for (const product of [
    dense(256, 768, positions),
    dense(256, 1024, positions),
    dense(1024, 256, positions),
    dilated(11, 4, positions),
    dilated(41, 25, positions),
  ]) {
    const { what, operations, weightShape } = product
    const [inChannels, inLength] = product.inputs
    const [outChannels, outLength] = product.outputs
    const x = values(inChannels * inLength)
    const w = values(
      weightShape.reduce((a, n) => a * n, 1),
      0.1,
    )
    const [input, out] = [b.tensor(inChannels, inLength), b.tensor(outChannels, outLength)]
    b.write(input, x)
    const run = product.run(b, out, input, w)
    run()
    const got = await b.read(out)
    const at = Array.from({ length: 50 }, () => [outChannels, outLength].map((n) => Math.floor(Math.random() * n)))
    expectClose(
      what,
      b,
      at.map(([o, t]) => got[o * outLength + t]),
      at.map(([o, t]) => product.expected(x, w, o, t)),
    )
    const seconds = await timed(b, reps, run)
    const onMatrixUnits = b.matrix !== undefined
    results.push({ kind: 'product', what, precision: b.precision, onMatrixUnits, positions, operations, seconds })
    for (const tensor of [input, out]) b.release(tensor)
  }
  return results
}
