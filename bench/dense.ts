import type { Backend } from '../src/kernels/backend.ts'
import { createCpuBackend } from '../src/kernels/cpu/cpu-backend.ts'
import { engineVariant } from '../src/kernels/cpu/engine.ts'
import { WasmScratch } from '../src/kernels/cpu/wasm.ts'
import { type LinearExports, linearWasm } from '../src/kernels/generated/linear.wasm.ts'
import { view } from '../src/kernels/tensor.ts'
import { gatedProjection } from '../test/oracle/gated-projection.ts'
import { filterAt } from '../test/oracle/implicit-filter.ts'
import { flat, geluTanh, layerNorm, linear, matrix } from '../test/oracle/linear.ts'

/*
 * The dense layers of a Hyena block and its filter network on the CPU, at the sizes of HyenaDNA. Each op's first positions
 * are compared with float64 before it is timed. GFLOP/s count multiplications and additions of the matrix products only;
 * per CPU second (all threads together, so per core) they can be compared on a busy machine, with `bare`: the inner loop
 * alone, all operands in cache, on this thread.
 *
 *     node --import ./scripts/typescript.mjs bench/dense.ts [positions] [threads] [repeats]
 */
const [length = 65_536, threads = 2, repeats = 9] = process.argv.slice(2).map(Number)
const checkedLength = 70
const tolerance = 2e-6
const filterTolerance = 1e-5 // sines of arguments around 10, three layers deep
const tapCount = 1_000_002

interface Op {
  readonly name: string
  readonly flops: number
  readonly tolerance?: number
  readonly run: () => void
  /** Largest error of the first positions, relative to the largest value. */
  readonly check: () => Promise<number>
}

const random = (count: number, scale = 1): Float32Array =>
  Float32Array.from({ length: count }, () => scale * (2 * Math.random() - 1))
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

function errorOf(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0
  let scale = 0
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(got[i] - expected[i])
    if (!(error <= worst)) worst = error
    scale = Math.max(scale, Math.abs(expected[i]))
  }
  return worst / scale
}

function denseOps(b: Backend, channels: number): Op[] {
  const hidden = 4 * channels
  const x = random(channels * length)
  const input = b.tensor(channels, length)
  const out = b.tensor(channels, length)
  const gate = b.tensor(channels, length)
  b.write(input, x)
  const start = { length: checkedLength }
  const checked = Float32Array.from(
    { length: channels * checkedLength },
    (_, i) => x[Math.floor(i / checkedLength) * length + (i % checkedLength)],
  )
  const xs = matrix(checked, channels)
  const parameters = (count: number, shape = [count]) => {
    const data = random(count, 1 / Math.sqrt(shape[1] ?? 1))
    return { data, weights: b.weights(data, shape) }
  }
  const [nw, nb] = [parameters(channels), parameters(channels)]
  const [square, squareBias] = [parameters(channels ** 2, [channels, channels]), parameters(channels)]
  const [w1, b1] = [parameters(hidden * channels, [hidden, channels]), parameters(hidden)]
  const [w2, b2] = [parameters(hidden * channels, [channels, hidden]), parameters(channels)]
  const [w3, b3] = [parameters(3 * channels ** 2, [3 * channels, channels]), parameters(3 * channels)]
  const [ws, bs] = [parameters(9 * channels, [3 * channels, 3]), parameters(3 * channels)]
  const norm = { weight: nw.weights, bias: nb.weights, epsilon: 1e-5 }
  const first = (): Promise<Float32Array> => b.read(view(out, start))
  return [
    {
      name: 'linear, residual',
      flops: 2 * channels ** 2 * length,
      run: () => b.ops.linear({ out, input, weight: square.weights, bias: squareBias.weights, residual: input }),
      check: async () =>
        errorOf(
          await first(),
          flat(linear(xs, square.data, squareBias.data, channels)).map((v, i) => v + flat(xs)[i]),
        ),
    },
    {
      name: 'gatedProjection',
      flops: 6 * channels ** 2 * length,
      run: () =>
        b.ops.gatedProjection({
          gate,
          value: out,
          input,
          norm,
          weight: w3.weights,
          bias: b3.weights,
          shortWeight: ws.weights,
          shortBias: bs.weights,
          padding: 'causal',
        }),
      check: async () =>
        errorOf(
          await first(),
          flat(
            gatedProjection({
              input: xs,
              history: undefined,
              norm: { weight: nw.data, bias: nb.data, epsilon: 1e-5 },
              weight: w3.data,
              bias: b3.data,
              shortWeight: ws.data,
              shortBias: bs.data,
              channels,
              taps: 3,
              padding: 'causal',
            }).value,
          ),
        ),
    },
    {
      name: 'mlp',
      flops: 4 * channels * hidden * length,
      run: () =>
        b.ops.mlp({
          out,
          input,
          norm,
          fc1: { weight: w1.weights, bias: b1.weights },
          fc2: { weight: w2.weights, bias: b2.weights },
        }),
      check: async () => {
        const h = linear(layerNorm(xs, nw.data, nb.data, 1e-5), w1.data, b1.data, hidden).map((row) =>
          row.map(geluTanh),
        )
        return errorOf(
          await first(),
          flat(linear(h, w2.data, b2.data, channels)).map((v, i) => v + flat(xs)[i]),
        )
      },
    },
  ]
}

function filterOp(b: Backend, channels: number): Op {
  const width = 64
  const host = {
    tapCount,
    embeddingSize: 5,
    freq: random(width).map((v) => 10 + v),
    shift: 0.05,
    deltas: random(channels, 15),
    outWeight: random(channels * width, 0.1),
    layers: [5, width, width].map((inputs) => ({ weight: random(width * inputs, 0.1), bias: random(width, 0.1) })),
  }
  const out = b.tensor(channels, length)
  const args = {
    ...host,
    out,
    firstTap: 0,
    freq: b.weights(host.freq, [width]),
    deltas: b.weights(host.deltas, [channels]),
    outWeight: b.weights(host.outWeight, [channels, width]),
    layers: host.layers.map(({ weight, bias }) => ({
      weight: b.weights(weight, [width, weight.length / width]),
      bias: b.weights(bias, [width]),
    })),
  }
  return {
    name: 'implicitFilter',
    flops: 2 * width * (5 + 2 * width + channels) * length,
    tolerance: filterTolerance,
    run: () => b.ops.implicitFilter(args),
    check: async () => {
      const expected = Array.from({ length: checkedLength }, (_, i) => filterAt(host, i))
      return errorOf(
        await b.read(view(out, { length: checkedLength })),
        Array.from(host.deltas, (_, c) => expected.map((k) => k[c])).flat(),
      )
    },
  }
}

function embeddingOp(b: Backend, channels: number): Op {
  const rows = 16
  const table = random(rows * channels)
  const codes = Float32Array.from({ length }, () => Math.floor(Math.random() * rows))
  const codesTensor = b.tensor(1, length)
  b.write(codesTensor, codes)
  const args = { out: b.tensor(channels, length), codes: codesTensor, table: b.weights(table, [rows, channels]) }
  return {
    name: 'embedding',
    flops: 0,
    run: () => b.ops.embedding(args),
    check: async () => {
      const got = await b.read(view(args.out, { length: checkedLength }))
      return errorOf(
        got,
        got.map((_, i) => table[codes[i % checkedLength] * channels + Math.floor(i / checkedLength)]),
      )
    },
  }
}

/** GFLOP/s of the inner loop alone. */
function bare(scratch: WasmScratch<LinearExports>, channels: number): number {
  const { blockOutputs, panelPositions } = scratch.exports
  const [outputs, positions, calls] = [24, 64, 200]
  scratch.reset()
  const y = scratch.allocate(outputs * positions)
  const packed = scratch.allocate(outputs * channels)
  const bias = scratch.allocate(outputs)
  const x = scratch.allocate(channels * positions)
  scratch.all().fill(0.01, y / 4)
  const before = process.cpuUsage()
  for (let i = 0; i < calls; i++) {
    scratch.exports.multiply(
      y,
      positions * 4,
      panelPositions.value * 4,
      packed,
      bias,
      x,
      channels,
      outputs / blockOutputs.value,
      positions / panelPositions.value,
    )
  }
  const used = process.cpuUsage(before)
  return (2 * calls * outputs * positions * channels) / (used.user + used.system) / 1e3
}

const backend = createCpuBackend({ threads })
const scratch = new WasmScratch(linearWasm, engineVariant())
console.log(`${backend.description}, ${length} positions, medians of ${repeats}`)
for (const channels of [128, 256]) {
  const ops = [...denseOps(backend, channels), filterOp(backend, channels), embeddingOp(backend, channels)]
  for (const op of ops) {
    op.run()
    const error = await op.check()
    if (!(error < (op.tolerance ?? tolerance))) throw new Error(`${op.name}, ${channels} channels: error ${error}`)
  }
  const samples = ops.map(() => ({ seconds: [] as number[], cpuSeconds: [] as number[] }))
  const bares: number[] = []
  for (let r = 0; r < repeats; r++) {
    bares.push(bare(scratch, channels))
    for (const [i, op] of ops.entries()) {
      const [cpu, start] = [process.cpuUsage(), performance.now()]
      op.run()
      await backend.flush()
      const used = process.cpuUsage(cpu)
      samples[i].seconds.push((performance.now() - start) / 1e3)
      samples[i].cpuSeconds.push((used.user + used.system) / 1e6)
    }
  }
  console.log(`\n${channels} channels; bare loop ${median(bares).toFixed(1)} GFLOP/s a core`)
  console.log('| op | ns a position | GFLOP/s | CPU ns a position | GFLOP/s a core |\n|---|---|---|---|---|')
  ops.forEach(({ name, flops }, i) => {
    const [seconds, cpuSeconds] = [median(samples[i].seconds), median(samples[i].cpuSeconds)]
    const rate = (s: number): string => (flops ? (flops / s / 1e9).toFixed(1) : '')
    const perPosition = (s: number): string => ((s / length) * 1e9).toFixed(0)
    console.log(
      `| ${name} | ${perPosition(seconds)} | ${rate(seconds)} | ${perPosition(cpuSeconds)} | ${rate(cpuSeconds)} |`,
    )
  })
}

// What a step costs that does nothing: sharing out and meeting at the barrier.
const single = backend.tensor(1, 1)
const steps = 2000
const costs: number[] = []
for (let r = 0; r < repeats; r++) {
  for (let i = 0; i < steps; i++) backend.ops.advanceHistory({ history: single, input: single })
  const start = performance.now()
  await backend.flush()
  costs.push(((performance.now() - start) / steps) * 1e3)
}
console.log(`\na step of one element: ${median(costs).toFixed(1)} us`)
await backend.destroy()
