import { explainPlan } from '../../src/kernels/long-conv/plan.ts'
import { type Tensor, view } from '../../src/kernels/tensor.ts'
import type { WebGpuBackend } from '../../src/kernels/webgpu/webgpu-backend.ts'
import { type CallSeconds, expectClose, timed, values } from './device.ts'

/** Rows of FlashFFTConv's table (arXiv 2311.05908): batch 64, 768 channels. */
export const paperRows = 64 * 768

export interface ConvolutionResult {
  readonly kind: 'convolution'
  readonly form: 'causal' | 'circular'
  readonly precision: 'f32' | 'f16'
  readonly length: number
  /** Rows of one call, each with a filter of its own. */
  readonly rows: number
  /** Of one call. */
  readonly seconds: CallSeconds
  readonly plan: readonly string[]
}

interface Operands {
  readonly length: number
  readonly rows: number
  /** Rows that differ; they repeat. */
  readonly distinct: number
  readonly host: Readonly<Record<'x' | 'pre' | 'post' | 'taps', Float32Array>>
}

/** Row `c` of a host array. */
const rowOf = ({ length, distinct }: Operands, data: Float32Array, c: number): Float32Array =>
  data.subarray((c % distinct) * length, ((c % distinct) + 1) * length)

async function upload(b: WebGpuBackend, o: Operands, data: Float32Array): Promise<Tensor> {
  const tensor = b.tensor(o.rows, o.length)
  for (let c = 0; c < o.rows; c += o.distinct) {
    const channelCount = Math.min(o.distinct, o.rows - c)
    b.write(view(tensor, { channelStart: c, channelCount }), data.subarray(0, channelCount * o.length))
    await b.flush() // one upload buffer at a time
  }
  return tensor
}

/** Compares some outputs of the first and the last row with float64 sums. */
async function check(b: WebGpuBackend, o: Operands, out: Tensor, form: ConvolutionResult['form']): Promise<void> {
  const { length } = o
  const [got, expected]: [number[], number[]] = [[], []]
  for (const c of new Set([0, o.rows - 1])) {
    const result = await b.read(view(out, { channelStart: c, channelCount: 1 }))
    const [x, pre, post, taps] = [o.host.x, o.host.pre, o.host.post, o.host.taps].map((data) => rowOf(o, data, c)) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    // Circular convolution has no gate before: what is before the start is not gated.
    const gate = form === 'causal' ? pre : new Float32Array(length).fill(1)
    for (const t of [0, 1, length - 1, ...Array.from({ length: 10 }, () => Math.floor(Math.random() * length))]) {
      let sum = 0
      for (let j = 0; j <= (form === 'causal' ? t : length - 1); j++) {
        const s = (t - j + length) % length
        sum += taps[j] * Math.fround(x[s] * gate[s])
      }
      got.push(result[t])
      expected.push(post[t] * sum)
    }
  }
  expectClose(`${form} convolution of ${length}`, b, got, expected)
}

/**
 * The gated convolution y = post · conv(pre · x, k), its filter as long as the sequence: causal (what models need; beyond the
 * start is nothing), and circular (what the paper times; the sequence's own end is its history, and the gate before is left out).
 */
export async function benchConvolution(
  b: WebGpuBackend,
  length: number,
  { maxRows, tensorBytes, reps }: { maxRows: number; tensorBytes: number; reps: number },
): Promise<ConvolutionResult[]> {
  const fitting = Math.floor(Math.min(tensorBytes, b.limits.maxTensorBytes) / (4 * length))
  const rows = Math.max(1, Math.min(maxRows, fitting))
  const distinct = Math.max(1, Math.min(rows, 64, Math.floor(2 ** 24 / length)))
  const some = (): Float32Array => values(distinct * length)
  const o: Operands = { length, rows, distinct, host: { x: some(), pre: some(), post: some(), taps: some() } }
  const plan = b.planLongConv({ channelCount: rows, length, filterLength: length })
  const taps = await upload(b, o, o.host.taps)
  const filter = b.prepareFilter(plan, taps, { centerTap: 0 })
  await b.flush()
  const x = await upload(b, o, o.host.x)
  const [pre, post] = [await upload(b, o, o.host.pre), await upload(b, o, o.host.post)]
  const out = b.tensor(rows, length)
  const results: ConvolutionResult[] = []
  for (const form of ['causal', 'circular'] as const) {
    const run = (): void =>
      b.ops.longConv(
        form === 'causal'
          ? { out, input: x, filter, inputShift: 0, pre, post }
          : { out, input: x, filter, inputShift: 0, post, history: view(x, { start: 1, length: length - 1 }) },
      )
    run()
    await check(b, o, out, form)
    results.push({
      ...{ kind: 'convolution', form, precision: b.precision, length, rows },
      seconds: await timed(b, reps, run),
      plan: explainPlan(plan).split('\n').slice(1),
    })
  }
  b.releaseFilter(filter)
  for (const tensor of [taps, x, pre, post, out]) b.release(tensor)
  return results
}
