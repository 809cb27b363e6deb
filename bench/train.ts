import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCpuBackend } from '../src/kernels/cpu/cpu-backend.ts'
import { architectureOf, auxiliaryPrefix, freshTensors, type Tensors } from '../src/training/architectures.ts'
import { haloOf, lossAndGradients, type TrainingRow } from '../src/training/network.ts'
import { Optimizer } from '../src/training/optimizer.ts'
import { Random } from '../src/training/random.ts'

/*
 * Training our splice network (ten residual units, 32 channels, width 11): loss and gradients of the same windows by us and by PyTorch, in
 * both layouts that it has, with the same number of threads. Losses and gradients are compared before anything is timed. CPU time is
 * what all threads together spent, which on a busy machine says more than the clock; but PyTorch's threads spin while they wait for each other, so
 * that there only one thread makes a fair comparison. PyTorch's optimiser is not counted, ours is shown.
 *
 *     npm run bench -- train [positions of a window] [threads] [seconds]
 */
const [size = 1024, threads = 1, seconds = 8] = process.argv.slice(2).map(Number)
const positions = 16_384
/** Of the largest gradient; PyTorch computes in f32 as well. */
const tolerance = 1e-4

const architecture = architectureOf('splice')
if (architecture.kind !== 'splice-hyena') throw new Error('the shape of our own network')
const random = new Random(1)
const halo = haloOf(architecture)
const core = size - 2 * halo
const windows = Math.round(positions / size)
const tensors: Tensors = new Map(
  [...freshTensors(architecture, random)].filter(([name]) => !name.startsWith(auxiliaryPrefix)),
)
const row: TrainingRow = {
  codes: Float32Array.from({ length: windows * size }, () => random.whole(0, 5)),
  labels: new Float32Array(windows * size - 2 * halo).fill(-1),
}
const labels = Float32Array.from({ length: windows * core }, () => random.whole(0, 3))
for (let w = 0; w < windows; w++) row.labels.set(labels.subarray(w * core, (w + 1) * core), w * size)

const folder = mkdtempSync(join(tmpdir(), 'genoconv-bench-'))
const write = (name: string, data: Float32Array): void => writeFileSync(join(folder, name), new Uint8Array(data.buffer))
write('codes.f32', row.codes)
write('labels.f32', labels)
write('weights.f32', Float32Array.from([...tensors.values()].flatMap(({ data }) => [...data])))
const units = architecture.blocks.flatMap((b) => (b.type === 'conv' ? [[b.width, b.dilation]] : []))
writeFileSync(
  join(folder, 'about.json'),
  JSON.stringify({ windows, units, tensors: [...tensors].map(([name, { shape }]) => [name, shape]) }),
)

const backend = createCpuBackend({ threads })
console.log(`Node ${process.version}, ${backend.description}; ${windows} windows of ${size}`)
try {
  const step = () => lossAndGradients(backend, architecture, tensors, row, { siteWeight: 1, segmentWeight: 0 })
  const first = await step()
  const rates: Record<string, number> = {}
  const show = (name: string, cpuSeconds: number, wallSeconds: number): void => {
    rates[name] = row.codes.length / cpuSeconds
    console.log(
      `${name.padEnd(32)} ${Math.round(rates[name]).toLocaleString('en').padStart(10)} positions per CPU second, ${Math.round(row.codes.length / wallSeconds).toLocaleString('en')} by the clock`,
    )
  }
  await step()
  const before = process.cpuUsage()
  const start = performance.now()
  let steps = 0
  for (; performance.now() - start < seconds * 1000 || steps < 2; steps++) await step()
  const used = process.cpuUsage(before)
  show('genoconv', (used.user + used.system) / 1e6 / steps, (performance.now() - start) / 1000 / steps)
  const optimizer = new Optimizer({ rate: 3e-3, muonRate: 0.02, decay: 0.02, clip: 2 })
  const copies: Tensors = new Map([...tensors].map(([k, t]) => [k, { ...t, data: t.data.slice() }]))
  optimizer.step(copies, first.gradients, 1, 1)
  const optimizerStart = process.cpuUsage()
  for (let k = 0; k < 5; k++) optimizer.step(copies, first.gradients, k + 2, 1)
  const optimizerUsed = process.cpuUsage(optimizerStart)
  console.log(`  and AdamW and Muon, a step: ${((optimizerUsed.user + optimizerUsed.system) / 5000).toFixed(1)} ms`)

  const python = process.env['GENOCONV_PYTHON'] ?? 'python3'
  const script = fileURLToPath(new URL('torch_train.py', import.meta.url))
  for (const layout of ['conv1d', 'channels-last']) {
    const text = execFileSync(python, [script, folder, `${threads}`, `${seconds}`, layout], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const peer = JSON.parse(text) as { loss: number; cpuSeconds: number; seconds: number; version: string }
    check(peer.loss, first)
    const name = `PyTorch ${peer.version} ${layout}`
    show(name, peer.cpuSeconds, peer.seconds)
    console.log(`  genoconv : ${layout} = ${(rates['genoconv'] / rates[name]).toFixed(2)} by CPU time`)
  }
} finally {
  rmSync(folder, { recursive: true })
  await backend.destroy()
}

function check(loss: number, ours: Awaited<ReturnType<typeof lossAndGradients>>): void {
  const bytes = readFileSync(join(folder, 'gradients.f32'))
  const theirs = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const own = Float32Array.from([...tensors.keys()].flatMap((name) => [...ours.gradients.get(name)!]))
  let [worst, scale] = [0, 0]
  for (const [k, g] of theirs.entries()) {
    worst = Math.max(worst, Math.abs(g - own[k]))
    scale = Math.max(scale, Math.abs(g))
  }
  if (!(Math.abs(loss - ours.siteLoss) < 1e-4 * loss) || !(worst / scale < tolerance))
    throw new Error(`results differ: losses ${loss} and ${ours.siteLoss}, gradients by ${worst / scale} of the largest`)
}
