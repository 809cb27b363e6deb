import { create } from 'webgpu'
import { createModel } from '../src/model/create-model.ts'
import type { Checkpoint } from '../src/model/checkpoint.ts'
import { adapterFacts } from '../src/kernels/webgpu/adapter.ts'
import { createWebGpuBackend, type WebGpuBackend } from '../src/kernels/webgpu/webgpu-backend.ts'
import { pretendedGpu } from '../test/support/pretended-gpu.ts'
import { randomHyena } from '../test/support/random-checkpoints.ts'
import { count, numberOptions } from './support.ts'

/*
 * What a GPU costs the host, without a GPU:
 *   1. commands of a run of HyenaDNA large-1m (256 channels, 8 layers, filters of 1,000,002 taps), counted on a device that
 *      only pretends;
 *   2. processor time of a command: dense layers and convolutions queued, encoded and submitted to Dawn's null backend, which has
 *      real pipelines, bind groups and buffers, and computes nothing.
 *
 *     npm run bench -- gpu-host [--bases 1000000] [--calls 20000]
 */
const { bases, calls } = numberOptions({ bases: 1_000_000, calls: 20_000 })

const large1m = (): Checkpoint =>
  randomHyena({
    kind: 'hyena',
    modelWidth: 256,
    layerCount: 8,
    innerWidth: 1024,
    maxLength: 1_000_002,
    embeddingSize: 5,
    filterMlpWidth: 64,
    shortFilterLength: 3,
    layerNormEpsilon: 1e-5,
    vocabularySize: 16,
  })

async function countCommands(): Promise<void> {
  const { found, told } = pretendedGpu()
  const backend = await createWebGpuBackend({ found })
  const model = createModel([large1m()], backend)
  const tracks = [model.info.tracks[0].name]
  const plan = model.plan({ length: bases, tracks, memoryBytes: 2 ** 36, leftContext: 0, rightContext: 0 })
  async function* input(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bases; at += 65_536) yield new Uint8Array(Math.min(65_536, bases - at)).fill(65)
  }
  for await (const _ of model.run(input(), plan)) {
  }
  const dispatches = [...told.dispatches.values()].reduce((sum, n) => sum + n, 0)
  console.log(`HyenaDNA large-1m over ${count(bases)} bases (${plan.lines.join('; ')}):`)
  console.log(
    `  ${count(dispatches)} dispatches, ${count(told.copies)} copies, ${count(told.submissions)} submissions, ${count(told.bindGroups)} bind groups made`,
  )
  for (const [entry, n] of [...told.dispatches].sort((a, b) => b[1] - a[1])) console.log(`    ${entry}: ${count(n)}`)
}

/** Microseconds of processor time a dispatch. */
async function timeDispatches(b: WebGpuBackend): Promise<number> {
  const [channels, length] = [64, 512]
  const [x, y] = [b.tensor(channels, length), b.tensor(channels, length)]
  const [weight, bias] = [
    b.weights(new Float32Array(channels ** 2), [channels, channels]),
    b.weights(new Float32Array(channels), [channels]),
  ]
  const plan = b.planLongConv({ channelCount: channels, length, filterLength: length })
  const taps = b.tensor(channels, length)
  const filter = b.prepareFilter(plan, taps, { centerTap: 0 })
  const some = async (n: number): Promise<void> => {
    for (let i = 0; i < n; i += 2) {
      b.ops.linear({ out: y, input: x, weight, bias, activation: 'gelu' })
      b.ops.longConv({ out: x, input: y, filter, inputShift: 0 })
    }
    await b.flush()
  }
  await some(calls) // the engine compiles
  const rounds: number[] = []
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage()
    await some(calls / 5)
    const { user, system } = process.cpuUsage(before)
    rounds.push((user + system) / (calls / 5))
  }
  return Math.min(...rounds) // other programs only ever slow it down
}

await countCommands()
const gpu = create(['backend=null'])
const adapter = (await gpu.requestAdapter())!
const backend = await createWebGpuBackend({ found: { adapter, gpu, ...adapterFacts(adapter.info) } })
console.log(`${(await timeDispatches(backend)).toPrecision(3)} µs of processor time a dispatch on Dawn's null backend`)
await backend.destroy()
