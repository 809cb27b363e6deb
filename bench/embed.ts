/*
 * `embed`, pooled with `mean`, against PyTorch's forward pass with the same pooling, and many short regions against one long
 * one; HyenaDNA with random weights. Both by the clock and by CPU time, which other work on the machine disturbs less.
 *
 *     npm run bench -- embed [--d-model 128] [--layers 2] [--length 32768] [--regions 1000] [--bases 2000] [--reps 3] [--threads 2]
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { embed } from '../pipelines/embed.ts'
import type { Genome, Region } from '../src/genome.ts'
import { createCpuBackend } from '../src/kernels/cpu/cpu-backend.ts'
import { createModel } from '../src/model/create-model.ts'
import type { HyenaArchitecture } from '../src/model/checkpoint.ts'
import { relativeError } from '../test/support/backends.ts'
import { memoryGenome } from '../test/support/memory-genome.ts'
import { randomHyena, smallHyena } from '../test/support/random-checkpoints.ts'
import { count, median, mebibytes, numberOptions, peakBytes } from './support.ts'
import { allThreads } from './time-model.ts'

const given = numberOptions({
  'd-model': 128,
  layers: 2,
  length: 32_768,
  regions: 1000,
  bases: 2000,
  reps: 3,
  threads: allThreads,
})
const { 'd-model': modelWidth, layers: layerCount, length, regions: regionCount, bases, reps, threads } = given

interface Seconds {
  readonly wall: number
  readonly cpu: number
}

function runTorch(): Seconds | string {
  const peer = fileURLToPath(new URL('../../shared/bench/', import.meta.url))
  if (!existsSync(peer)) return '../shared/bench is not there'
  const python = [process.env['GENOCONV_PYTHON'], 'python3'].find(
    (name) => name && spawnSync(name, ['-c', 'import torch']).status === 0,
  )
  if (!python) return 'no python with torch; set GENOCONV_PYTHON'
  const script = fileURLToPath(new URL('torch_embed.py', import.meta.url))
  const words = [peer, modelWidth, layerCount, length, threads, reps].map(String)
  const { status, stdout, stderr } = spawnSync(python, [script, ...words], { encoding: 'utf8' })
  if (status !== 0) return `it failed: ${stderr.trim().split('\n').at(-1)}`
  const { median_s, median_cpu_s } = JSON.parse(stdout) as { median_s: number; median_cpu_s: number }
  return { wall: median_s, cpu: median_cpu_s }
}

/** Medians of `reps` runs after one that is not counted. */
async function secondsOf(run: () => Promise<unknown>): Promise<Seconds> {
  const all: Seconds[] = []
  for (let rep = -1; rep < reps; rep++) {
    const [start, cpuStart] = [performance.now(), process.cpuUsage()]
    await run()
    const used = process.cpuUsage(cpuStart)
    if (rep >= 0) all.push({ wall: (performance.now() - start) / 1000, cpu: (used.user + used.system) / 1e6 })
  }
  return { wall: median(all.map(({ wall }) => wall)), cpu: median(all.map(({ cpu }) => cpu)) }
}

const torch = runTorch() // first, while this process is small
const checkpointOf = (maxLength: number) => {
  const architecture: HyenaArchitecture = {
    ...smallHyena,
    modelWidth,
    layerCount,
    innerWidth: 4 * modelWidth,
    maxLength,
    filterMlpWidth: 64,
  }
  const checkpoint = randomHyena(architecture)
  for (const [name, { data }] of checkpoint.tensors)
    if (/(proj|fc[12])\.weight$/.test(name)) for (let i = 0; i < data.length; i++) data[i] *= 0.1
  return checkpoint
}
const backend = createCpuBackend({ threads })
const genomeOf = (contigBases: number): Genome => {
  let state = 1
  const next = (): string => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return 'ACGT'[state >>> 30]
  }
  return memoryGenome({ one: Array.from({ length: contigBases }, next).join('') }, { pieceBases: 2 ** 20 })
}
const memory = 4 * 2 ** 30
type Model = ReturnType<typeof createModel>
const embeddings = async (model: Model, genome: Genome, regions: readonly Region[], chunk?: number) => {
  const out: Float32Array[] = []
  for await (const { embedding } of embed(model, genome, { regions, context: 'none', memory, chunk }))
    out.push(embedding)
  return out
}
const show = (seconds: Seconds, work: number): string =>
  `${count(work / seconds.wall)} bases/s, ${count(work / seconds.cpu)} a CPU second`

// Against PyTorch: filters as long as the sequence.
{
  const model = createModel([checkpointOf(length)], backend)
  const genome = genomeOf(length)
  const whole = [{ contig: 'one', start: 0, end: length }]
  const [once, cut] = [await embeddings(model, genome, whole), await embeddings(model, genome, whole, 5000)]
  if (!(relativeError(cut[0], once[0]) < 1e-4)) throw new Error('two chunks give different embeddings')
  const ours = await secondsOf(() => embeddings(model, genome, whole))
  console.log(
    `embed, HyenaDNA d${modelWidth} x ${layerCount} at ${count(length)} bases, mean, on ${backend.description}`,
  )
  console.log(`  genoconv: ${show(ours, length)}`)
  if (typeof torch === 'string') console.log(`  PyTorch: not measured, ${torch}`)
  else {
    console.log(`  PyTorch: ${show(torch, length)}`)
    const [wall, cpu] = [torch.wall / ours.wall, torch.cpu / ours.cpu]
    console.log(`    genoconv: ${wall.toFixed(2)} x as fast, by CPU time ${cpu.toFixed(2)} x`)
  }
  model.close()
}

// Many regions against one: filters of the smallest released size.
{
  const model = createModel([checkpointOf(1026)], backend)
  const total = regionCount * bases
  const genome = genomeOf(total)
  const long = [{ contig: 'one', start: 0, end: total }]
  const many = Array.from({ length: regionCount }, (_, i) => {
    const start = ((i * 7919) % regionCount) * bases
    return { contig: 'one', start, end: start + bases }
  })
  const alone = await embeddings(model, genome, many.slice(5, 6))
  const among = await embeddings(model, genome, many.slice(0, 30))
  if (!(relativeError(among[5], alone[0]) < 1e-5)) throw new Error('a region among others differs from itself alone')
  const [one, all] = [
    await secondsOf(() => embeddings(model, genome, long)),
    await secondsOf(() => embeddings(model, genome, many)),
  ]
  console.log(`  one region of ${count(total)}: ${show(one, total)}`)
  console.log(
    `  ${count(regionCount)} regions of ${count(bases)}: ${show(all, total)}, ${(one.wall / all.wall).toFixed(2)} of it, by CPU time ${(one.cpu / all.cpu).toFixed(2)}`,
  )
  model.close()
}
console.log(`  peak memory ${mebibytes(peakBytes())}`)
await backend.destroy()
