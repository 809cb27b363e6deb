import { explainPlan } from '../src/kernels/long-conv/plan.ts'
import type { Tensor } from '../src/kernels/tensor.ts'
import { findAdapter } from '../src/kernels/webgpu/adapter.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../src/kernels/webgpu/webgpu-backend.ts'
import { count, median, numberOptions } from './support.ts'

/*
 * The GPU (a software one too, whose times say nothing) in f32, in f16 with products in registers and, where the device has
 * matrix units, in f16 with products on them. Before anything is timed it is compared with float64 sums.
 *   1. what the adapter is and has;
 *   2. the gated long convolution y = post · conv(pre · x, k), filter as long as the sequence. `paper` is the same work as
 *      FlashFFTConv's table (arXiv 2311.05908, batch 64, 768 channels), scaled from what was run;
 *   3. dense layers of HyenaDNA (d256) and a dilated convolution of OpenSpliceAI.
 *
 * It runs from the sources, `src/kernels/generated` (git-ignored) among them: on a machine without the build's tools, bring that
 * folder along.
 *
 *     npm run bench -- gpu [--channels 64] [--largest 4194304] [--positions 65536] [--reps 5]
 */
const {
  channels,
  largest,
  positions: wantedPositions,
  reps,
} = numberOptions({ channels: 64, largest: 2 ** 22, positions: 65536, reps: 5 })
const paperRows = 64 * 768
const callsPerRep = 8 // queued together, as a model queues its layers
const shown = (seconds: readonly number[]): string =>
  `${(median(seconds) * 1e3).toPrecision(3)} ms (${(Math.min(...seconds) * 1e3).toPrecision(3)} to ${(Math.max(...seconds) * 1e3).toPrecision(3)})`
const values = (n: number, scale = 1): Float32Array =>
  Float32Array.from({ length: n }, () => scale * (Math.random() - 0.5))

async function timed(b: WebGpuBackend, run: () => void): Promise<number[]> {
  const seconds: number[] = []
  for (let rep = 0; rep < reps; rep++) {
    const start = performance.now()
    for (let call = 0; call < callsPerRep; call++) run()
    await b.flush()
    seconds.push((performance.now() - start) / 1000 / callsPerRep)
  }
  return seconds
}

/** Root of the summed squares of differences over that of expected values. docs/models.md, section 4, allows 2e-3 in f16. */
function expectClose(what: string, b: WebGpuBackend, got: readonly number[], expected: readonly number[]): void {
  const norm = (v: readonly number[]): number => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0))
  const error = norm(got.map((v, i) => v - expected[i])) / norm(expected)
  const allowed = b.precision === 'f16' ? 2e-3 : 2e-6
  if (!(error < allowed)) throw new Error(`${what} on ${b.description}: error ${error}, allowed ${allowed}`)
}

function upload(b: WebGpuBackend, channelCount: number, data: Float32Array): Tensor {
  const tensor = b.tensor(channelCount, data.length / channelCount)
  b.write(tensor, data)
  return tensor
}

async function benchConvolution(b: WebGpuBackend, length: number): Promise<void> {
  const channelCount = Math.max(1, Math.min(channels, Math.floor(b.limits.maxTensorBytes / (length * 4))))
  const plan = b.planLongConv({ channelCount, length, filterLength: length })
  const [x, pre, post, taps] = Array.from({ length: 4 }, () => values(channelCount * length)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  const host = { x, pre, post, taps }
  const on = (data: Float32Array): Tensor => upload(b, channelCount, data)
  const tensors = { x: on(x), pre: on(pre), post: on(post), taps: on(taps) }
  const out = b.tensor(channelCount, length)
  const filter = b.prepareFilter(plan, tensors.taps, { centerTap: 0 })
  const run = (): void =>
    b.ops.longConv({ out, input: tensors.x, filter, inputShift: 0, pre: tensors.pre, post: tensors.post })
  run()
  const result = await b.read(out)
  const got: number[] = []
  const expected: number[] = []
  for (const c of [0, channelCount - 1]) {
    for (const t of [0, 1, length - 1, ...Array.from({ length: 20 }, () => Math.floor(Math.random() * length))]) {
      let sum = 0
      for (let j = 0; j <= t; j++)
        sum += host.taps[c * length + j] * Math.fround(host.x[c * length + t - j] * host.pre[c * length + t - j])
      got.push(result[c * length + t])
      expected.push(host.post[c * length + t] * sum)
    }
  }
  expectClose(`convolution of ${length}`, b, got, expected)
  const seconds = await timed(b, run)
  const perRow = median(seconds) / channelCount
  console.log(
    `  ${count(length)} x ${channelCount}: ${shown(seconds)}, ${((perRow / length) * 1e9).toPrecision(3)} ns an output, ` +
      `paper ${(perRow * paperRows * 1e3).toPrecision(3)} ms; ${explainPlan(plan).split('\n').slice(1, 3).join('; ')}`,
  )
  b.releaseFilter(filter)
  for (const tensor of [...Object.values(tensors), out]) b.release(tensor)
}

/** Products without what surrounds them. */
async function benchProducts(b: WebGpuBackend): Promise<void> {
  const positions = Math.min(wantedPositions, Math.floor(b.limits.maxTensorBytes / (4 * 1024)))
  const report = (what: string, seconds: readonly number[], multiplyAdds: number): void =>
    console.log(`  ${what}: ${shown(seconds)}, ${((2 * multiplyAdds) / median(seconds) / 1e12).toPrecision(3)} TFLOP/s`)
  const sample = (rows: number): [number, number][] =>
    Array.from({ length: 50 }, () => [Math.floor(Math.random() * rows), Math.floor(Math.random() * positions)])
  for (const [inChannels, outChannels] of [
    [256, 768],
    [256, 1024],
    [1024, 256],
  ] as const) {
    const [x, w] = [values(inChannels * positions), values(outChannels * inChannels, 0.1)]
    const [input, out, weight] = [
      upload(b, inChannels, x),
      b.tensor(outChannels, positions),
      b.weights(w, [outChannels, inChannels]),
    ]
    const run = (): void => b.ops.linear({ out, input, weight })
    run()
    const result = await b.read(out)
    const at = sample(outChannels)
    const expected = at.map(([o, t]) =>
      Array.from({ length: inChannels }, (_, i) => w[o * inChannels + i] * x[i * positions + t]).reduce(
        (a, v) => a + v,
        0,
      ),
    )
    expectClose(
      `${inChannels} -> ${outChannels}`,
      b,
      at.map(([o, t]) => result[o * positions + t]),
      expected,
    )
    report(
      `dense ${inChannels} -> ${outChannels}, ${count(positions)} positions`,
      await timed(b, run),
      inChannels * outChannels * positions,
    )
    for (const tensor of [input, out]) b.release(tensor)
    b.releaseWeights(weight)
  }
  const [width, dilation] = [11, 4]
  const inputLength = positions + (width - 1) * dilation
  const [x, w] = [values(32 * inputLength), values(32 * 32 * width, 0.1)]
  const [input, out, weight, bias] = [
    upload(b, 32, x),
    b.tensor(32, positions),
    b.weights(w, [32, 32, width]),
    b.weights(new Float32Array(32), [32]),
  ]
  const run = (): void => b.ops.dilatedConv({ out, input, weight, bias, dilation })
  run()
  const result = await b.read(out)
  const at = sample(32)
  const expected = at.map(([o, t]) => {
    let sum = 0
    for (let i = 0; i < 32; i++)
      for (let j = 0; j < width; j++) sum += w[(o * 32 + i) * width + j] * x[i * inputLength + t + j * dilation]
    return sum
  })
  expectClose(
    'dilated convolution',
    b,
    at.map(([o, t]) => result[o * positions + t]),
    expected,
  )
  report(
    `dilated 32 -> 32, width ${width}, ${count(positions)} positions`,
    await timed(b, run),
    32 * 32 * width * positions,
  )
}

for (const precision of ['f32', 'f16'] as const) {
  const found = await findAdapter(precision)
  if (!found.adapter) throw new Error(found.reason)
  const { features, limits } = found.adapter
  const info = found.adapter.info as GPUAdapterInfo & { subgroupMatrixConfigs?: readonly object[] }
  console.log(
    `${found.name} (${info.vendor} ${info.architecture}), asked for ${precision}: ${[...features].sort().join(' ')}`,
  )
  console.log(
    `  matrices ${JSON.stringify(info.subgroupMatrixConfigs ?? [])}, subgroups ${info.subgroupMinSize} to ${info.subgroupMaxSize}`,
  )
  console.log(
    `  workgroup memory ${count(limits.maxComputeWorkgroupStorageSize)}, binding ${count(limits.maxStorageBufferBindingSize)} bytes`,
  )
  for (const usesMatrixUnits of precision === 'f16' ? [false, true] : [false]) {
    // An adapter opens one device only.
    const opened = await findAdapter(precision)
    const b = await createWebGpuBackend({ precision, usesMatrixUnits, ...(opened.adapter && { found: opened }) })
    if (b.precision !== precision) console.log(`no ${precision} here: not measured`)
    else if (usesMatrixUnits && !b.matrix) console.log('no matrix units here: not measured')
    else {
      console.log(`\n${b.description}${b.matrix ? `, ${b.matrix.M} x ${b.matrix.N} x ${b.matrix.K}` : ''}`)
      if (!usesMatrixUnits) for (let length = 256; length <= largest; length *= 4) await benchConvolution(b, length)
      await benchProducts(b)
    }
    await b.destroy()
  }
}
