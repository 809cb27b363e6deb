import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createCpuBackend } from '../src/kernels/cpu/cpu-backend.ts'
import { explainPlan, recomputesSpectra } from '../src/kernels/long-conv/plan.ts'

/*
 * The long convolution alone, causal, one sequence, on the CPU, against PyTorch's usual one (irfft(rfft(u, 2L) rfft(k, 2L)),
 * ../shared/bench/peer_torch.py, run with GENOCONV_PYTHON or python3). Every case is a process of its own, so that its peak
 * memory is its own; before anything is timed, outputs are compared with sums in float64. Two ways each:
 *   fresh   the filter's transform is part of every call (what PyTorch code in use does)
 *   kept    spectra made once (--cache-filter)
 *
 *     npm run bench -- conv [channels] [reps] [threads] [length, taps: this case only]
 */
interface Case {
  readonly channelCount: number
  readonly length: number
  readonly filterLength: number
  readonly keepSpectra: boolean
  readonly frequencySparsity?: number
  readonly reps: number
  readonly threads: number
}
interface Result {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Largest resident set of the process, and what of it is not input, taps and output. */
  readonly peakBytes: number
  readonly workingBytes: number
  readonly plan: string
}
interface TorchResult {
  readonly median_s: number
  readonly peak_rss_mb: number
  readonly torch: string
}

const tolerance = 2e-6
const allCases = [
  [1_000_000, 1_000_000],
  [1_000_000, 32_768],
  [1_000_000, 1026],
  [160_000, 160_000],
  [32_768, 32_768],
] as const
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** Input, taps and output. */
const operandBytes = (o: Case): number => 4 * o.channelCount * (2 * o.length + o.filterLength)

/** Runs in the child. */
async function measure(o: Case): Promise<Result> {
  const { channelCount, length, filterLength, frequencySparsity } = o
  const backend = createCpuBackend({ threads: o.threads })
  const plan = backend.planLongConv({
    channelCount,
    length,
    filterLength,
    frequencySparsity,
    spectrumBytes: o.keepSpectra ? undefined : 0,
  })
  const taps = backend.tensor(channelCount, filterLength)
  const input = backend.tensor(channelCount, length)
  const out = backend.tensor(channelCount, length)
  const rows: Float32Array[] = []
  // Channel by channel: a second copy of all operands would count as memory.
  for (const tensor of [taps, input]) {
    for (let c = 0; c < channelCount; c++) {
      const values = Float32Array.from({ length: tensor.length }, () => Math.random() - 0.5)
      if (c === 0) rows.push(values)
      backend.write({ ...tensor, channelCount: 1, offset: tensor.offset + c * tensor.rowStride }, values)
      if (c % 8 === 7) await backend.flush()
    }
  }
  const filter = backend.prepareFilter(plan, taps, { centerTap: 0 })
  if (!recomputesSpectra(plan)) backend.release(taps)
  const run = async (): Promise<void> => {
    backend.ops.longConv({ out, input, filter, inputShift: 0 })
    await backend.flush()
  }
  await run()
  if (!frequencySparsity) {
    const first = await backend.read({ ...out, channelCount: 1 })
    const [k, x] = rows as [Float32Array, Float32Array]
    const scale = first.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    for (let i = 0; i < 64; i++) {
      const t = i < 2 ? i * (length - 1) : Math.floor(Math.random() * length)
      let sum = 0
      for (let j = 0; j <= Math.min(t, filterLength - 1); j++) sum += k[j] * x[t - j]
      if (!(Math.abs(first[t] - sum) <= tolerance * scale))
        throw new Error(`output ${t} is ${first[t]}, expected ${sum}`)
    }
  }
  const times: number[] = []
  const cpu: number[] = []
  for (let r = 0; r < o.reps; r++) {
    const before = process.cpuUsage()
    const start = performance.now()
    await run()
    times.push((performance.now() - start) / 1e3)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1e6)
  }
  await backend.destroy()
  const peakBytes = process.resourceUsage().maxRSS * 1024
  const workingBytes = peakBytes - operandBytes(o)
  return { seconds: median(times), cpuSeconds: median(cpu), peakBytes, workingBytes, plan: explainPlan(plan) }
}

function inChild(o: Case): Result {
  const loader = fileURLToPath(new URL('../scripts/typescript.mjs', import.meta.url))
  const args = ['--import', loader, fileURLToPath(import.meta.url), '--case', JSON.stringify(o)]
  const text = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(text) as Result
}

const peer = fileURLToPath(new URL('../../shared/bench/peer_torch.py', import.meta.url))

/** PyTorch on the same shape; undefined where it or its script is not there. */
function torch({ channelCount, length, filterLength, keepSpectra, reps, threads }: Case): TorchResult | undefined {
  if (!existsSync(peer)) return undefined
  const shape = [
    '--d-model',
    channelCount,
    '--length',
    length,
    '--filter-length',
    filterLength,
    '--reps',
    reps,
    '--threads',
    threads,
  ]
  const args = [peer, 'conv', ...shape.map(String), ...(keepSpectra ? ['--cache-filter'] : [])]
  try {
    const text = execFileSync(process.env['GENOCONV_PYTHON'] ?? 'python3', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return JSON.parse(text) as TorchResult
  } catch {
    return undefined
  }
}

/** `only`: one case instead of all. */
export async function benchConv(
  { channelCount = 256, reps = 3, threads = 2 } = {},
  only?: readonly [length: number, filterLength: number],
): Promise<void> {
  const common = { channelCount, reps, threads }
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`
  const memory = (peakBytes: number, o: Case): string => `${gib(peakBytes)} (${gib(peakBytes - operandBytes(o))})`
  const perOutput = (seconds: number, o: Case): string =>
    `${((seconds * 1e9) / o.length / o.channelCount).toFixed(2)} ns`
  const times = (r: Result, o: Case): string => `${perOutput(r.seconds, o)} (${perOutput(r.cpuSeconds, o)})`
  console.log(
    `long convolution, ${channelCount} channels, ${threads} threads; an output by the clock (by CPU time), peak resident memory (of that not operands)`,
  )
  for (const [length, filterLength] of only ? [only] : allCases) {
    for (const keepSpectra of [false, true]) {
      const o = { ...common, length, filterLength, keepSpectra }
      const ours = inChild(o)
      const theirs = torch(o)
      console.log(
        `L ${length}, K ${filterLength}, ${keepSpectra ? 'kept' : 'fresh'}: ${times(ours, o)}, ${memory(ours.peakBytes, o)}`,
      )
      if (!theirs) console.log('  PyTorch not found (set GENOCONV_PYTHON)')
      else {
        const bytes = theirs.peak_rss_mb * 2 ** 20
        const ratios = `${(theirs.median_s / ours.seconds).toFixed(1)} times as fast, ${(ours.peakBytes / bytes).toFixed(2)} of the memory`
        console.log(`  PyTorch ${theirs.torch}: ${perOutput(theirs.median_s, o)}, ${memory(bytes, o)}: ${ratios}`)
      }
    }
  }
  if (only) return
  const few = {
    ...common,
    channelCount: Math.min(channelCount, 32),
    length: 1_000_000,
    filterLength: 1_000_000,
    keepSpectra: true,
  }
  const show = (name: string, o: Case): void => {
    const r = inChild(o)
    console.log(`  ${name}: ${times(r, o)}, ${gib(r.peakBytes)}`)
  }
  console.log(`partial convolution, L ${few.length}, ${few.channelCount} channels: work follows the filter`)
  for (const filterLength of [1_000_000, 262_144, 65_536, 16_384, 4096, 1024, 256, 64, 16])
    show(`K ${filterLength}`, { ...few, filterLength })
  console.log(
    `frequency-sparse convolution, L = K = ${few.length}, ${few.channelCount} channels: time falls with the blocks left out`,
  )
  for (const frequencySparsity of [0, 0.25, 0.5, 0.75, 0.9, 0.95])
    show(`${frequencySparsity}`, { ...few, frequencySparsity })
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [first, second] = process.argv.slice(2)
  if (first === '--case') process.stdout.write(JSON.stringify(await measure(JSON.parse(second) as Case)))
  else {
    const [channelCount, reps, threads, length, filterLength] = process.argv.slice(2).map(Number)
    await benchConv({ channelCount, reps, threads }, length && filterLength ? [length, filterLength] : undefined)
  }
}
