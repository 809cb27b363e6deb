import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Backend } from '../src/kernels/backend.ts'
import { createCpuBackend } from '../src/kernels/cpu/cpu-backend.ts'
import { directPlan, planDilatedConvCpu } from '../src/kernels/dilated-conv/plan.cpu.ts'

/*
 * The dilated convolutions of OpenSpliceAI-10000, 32 channels to 32, on the CPU: direct, as planned (in the frequency
 * domain) and PyTorch's F.conv1d. The three results are compared before anything is timed. Times are medians; CPU time is
 * what all threads together spent, which on a busy machine says more than the clock.
 *
 *     node --import ./scripts/typescript.mjs bench/dilated.ts [positions] [threads]
 */
const channels = 32
const layers = [
  { width: 11, dilation: 1 },
  { width: 11, dilation: 4 },
  { width: 21, dilation: 10 },
  { width: 41, dilation: 25 },
]
const convolutionsPerLayer = 8
const reps = 7
const tolerance = 2e-6

interface Timing {
  readonly seconds: number
  readonly cpuSeconds: number
}
interface TorchResult extends Timing {
  readonly y: Float32Array
  readonly version: string
}
interface Operands {
  readonly x: Float32Array
  readonly weight: Float32Array
  readonly bias: Float32Array
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const medians = (timings: Timing[]): Timing => ({
  seconds: median(timings.map((t) => t.seconds)),
  cpuSeconds: median(timings.map((t) => t.cpuSeconds)),
})
const random = (count: number): Float32Array => Float32Array.from({ length: count }, () => 2 * Math.random() - 1)

function relativeError(got: Float32Array, expected: Float32Array): number {
  let worst = 0
  let scale = 0
  expected.forEach((e, k) => {
    const d = Math.abs(got[k] - e)
    if (!(d <= worst)) worst = d
    scale = Math.max(scale, Math.abs(e))
  })
  return worst / scale
}

/** One convolution, ready to run on a backend. */
function convolution(backend: Backend, { x, weight, bias }: Operands, width: number, dilation: number) {
  const input = backend.tensor(channels, x.length / channels)
  backend.write(input, x)
  const out = backend.tensor(channels, input.length - (width - 1) * dilation)
  const args = {
    out,
    input,
    weight: backend.weights(weight, [channels, channels, width]),
    bias: backend.weights(bias, [channels]),
    dilation,
  }
  return {
    async time(): Promise<Timing> {
      await backend.flush()
      const cpu = process.cpuUsage()
      const start = performance.now()
      backend.ops.dilatedConv(args)
      await backend.flush()
      const { user, system } = process.cpuUsage(cpu)
      return { seconds: (performance.now() - start) / 1e3, cpuSeconds: (user + system) / 1e6 }
    },
    result: (): Promise<Float32Array> => backend.read(out),
    release(): void {
      for (const t of [input, out]) backend.release(t)
      for (const w of [args.weight, args.bias]) backend.releaseWeights(w)
    },
  }
}

/** PyTorch's result and time on the same operands; undefined where there is no PyTorch. */
function torchConvolution(
  operands: Operands,
  width: number,
  dilation: number,
  threads: number,
): TorchResult | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'genoconv-bench-'))
  try {
    for (const [name, data] of Object.entries(operands)) writeFileSync(join(folder, name), data)
    const script = fileURLToPath(new URL('torch_conv1d.py', import.meta.url))
    const args = [script, folder, channels, width, dilation, threads, reps].map(String)
    const text = execFileSync(process.env['GENOCONV_PYTHON'] ?? 'python3', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const line = JSON.parse(text) as { torch: string; median_s: number; median_cpu_s: number }
    return {
      version: line.torch,
      seconds: line.median_s,
      cpuSeconds: line.median_cpu_s,
      y: new Float32Array(readFileSync(join(folder, 'y')).buffer),
    }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export async function benchDilated({ length = 100_000, threads = 2 } = {}): Promise<void> {
  const direct = createCpuBackend({ threads, planDilatedConv: directPlan })
  const planned = createCpuBackend({ threads })
  console.log(`dilated convolutions ${channels} -> ${channels}, ${length} positions, ${planned.description}`)
  console.log('nanoseconds a position by the clock (CPU time of all threads)')
  const totals = { direct: [0, 0], planned: [0, 0], torch: [0, 0] }
  let version: string | undefined
  for (const { width, dilation } of layers) {
    const inputLength = length + (width - 1) * dilation
    const operands = {
      x: random(channels * inputLength),
      weight: random(channels * channels * width),
      bias: random(channels),
    }
    const ours = {
      direct: convolution(direct, operands, width, dilation),
      planned: convolution(planned, operands, width, dilation),
    }
    for (const c of Object.values(ours)) await c.time() // packs weights, compiles
    const expected = await ours.direct.result()
    const errorOf = (name: string, got: Float32Array): void => {
      const error = relativeError(got, expected)
      if (!(error <= tolerance))
        throw new Error(
          `width ${width}, dilation ${dilation}: ${name} differs from direct by ${error} of the largest value`,
        )
    }
    errorOf('planned', await ours.planned.result())
    const torch = torchConvolution(operands, width, dilation, threads)
    if (torch) errorOf('PyTorch', torch.y)
    version = torch?.version

    const times: Record<keyof typeof ours, Timing[]> = { direct: [], planned: [] }
    for (let r = 0; r < reps; r++)
      for (const name of ['direct', 'planned'] as const) times[name].push(await ours[name].time())
    const cells = (['direct', 'planned', 'torch'] as const).map((name) => {
      const timing = name === 'torch' ? torch : medians(times[name])
      if (!timing) return `${name} -`
      const ns = [timing.seconds, timing.cpuSeconds].map((s) => (s * 1e9) / length) as [number, number]
      ns.forEach((v, k) => {
        totals[name][k] += v * convolutionsPerLayer
      })
      return `${name} ${ns[0].toFixed(0)} (${ns[1].toFixed(0)})`
    })
    const plan = planDilatedConvCpu({
      inChannels: channels,
      outChannels: channels,
      width,
      dilation,
      length,
      workerCount: threads,
    })
    const how = plan.method === 'transform' ? `transforms of ${plan.fftSize}` : 'direct'
    console.log(`width ${width}, dilation ${dilation}: ${cells.join(' · ')}; planned: ${how}`)
    for (const c of Object.values(ours)) c.release()
  }
  const rates = (k: 0 | 1, share: number): string =>
    (['direct', 'planned', ...(version ? (['torch'] as const) : [])] as const)
      .map((name) => `${name} ${Math.round((1e6 / totals[name][k]) * share)} k`)
      .join(', ')
  console.log(`all 32 convolutions of the network, positions a second: ${rates(0, 1)}`)
  console.log(`the same by CPU time, were ${threads} threads idle: ${rates(1, threads)}`)
  console.log(version ? `torch is PyTorch ${version}` : 'no PyTorch: set GENOCONV_PYTHON to a Python that has it')
  await direct.destroy()
  await planned.destroy()
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [length, threads] = process.argv.slice(2).map(Number)
  await benchDilated({ length, threads })
}
