import { createBackend, listDevices } from '../src/kernels/create-backend.ts'
import { explainPlan } from '../src/kernels/long-conv/plan.ts'
import { count, median, numberOptions } from './support.ts'

/*
 * The gated long convolution, y = post · conv(pre · x, k), filter as long as the sequence, on the GPU (a software one too,
 * whose times say nothing). Before anything is timed, outputs of the first and last channel are compared with float64 sums.
 * `paper` is the same work as FlashFFTConv's table (arXiv 2311.05908, batch 64, 768 channels), scaled from what was run.
 *
 *     npm run bench -- gpu [--channels 64] [--largest 4194304] [--reps 5]
 */
const { channels, largest, reps } = numberOptions({ channels: 64, largest: 2 ** 22, reps: 5 })
const paperRows = 64 * 768
const tolerance = 2e-6

for (const device of await listDevices()) console.log(`${device.chosen ? '*' : ' '} ${device.name}: ${device.reason}`)
const backend = await createBackend('gpu', { onWarning: (text) => console.log(text) })
console.log(`${backend.description}: tensors of up to ${count(backend.limits.maxTensorBytes)} bytes\n`)

/** Largest error of `got` [length] over the largest expected value, at the ends and at random positions. */
function checked(got: Float32Array, x: Float32Array, pre: Float32Array, post: Float32Array, taps: Float32Array): number {
  const { length } = got
  const positions = [0, 1, length - 1, ...Array.from({ length: 20 }, () => Math.floor(Math.random() * length))].filter((t) => t < length)
  const scale = got.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  return Math.max(
    ...positions.map((t) => {
      let sum = 0
      for (let j = 0; j <= t; j++) sum += taps[j]! * Math.fround(x[t - j]! * pre[t - j]!)
      return Math.abs(got[t]! - post[t]! * sum) / scale
    }),
  )
}

for (let length = 256; length <= largest; length *= 4) {
  const channelCount = Math.max(1, Math.min(channels, Math.floor(backend.limits.maxTensorBytes / (length * 4))))
  const plan = backend.planLongConv({ channelCount, length, filterLength: length })
  const rows = [0, channelCount - 1]
  const values = (): Float32Array => Float32Array.from({ length: channelCount * length }, () => Math.random() - 0.5)
  const host = { x: values(), pre: values(), post: values(), taps: values() }
  const upload = (data: Float32Array): ReturnType<typeof backend.tensor> => {
    const tensor = backend.tensor(channelCount, length)
    backend.write(tensor, data)
    return tensor
  }
  const tensors = { x: upload(host.x), pre: upload(host.pre), post: upload(host.post), taps: upload(host.taps) }
  const out = backend.tensor(channelCount, length)
  const filter = backend.prepareFilter(plan, tensors.taps, { centerTap: 0 })
  const run = (): void => backend.ops.longConv({ out, input: tensors.x, filter, inputShift: 0, pre: tensors.pre, post: tensors.post })
  run()
  const got = await backend.read(out)
  for (const c of rows) {
    const of = (data: Float32Array): Float32Array => data.subarray(c * length, (c + 1) * length)
    const error = checked(of(got), of(host.x), of(host.pre), of(host.post), of(host.taps))
    if (!(error < tolerance)) throw new Error(`${length} positions, channel ${c}: error ${error}, allowed ${tolerance}`)
  }
  const seconds: number[] = []
  for (let rep = 0; rep < reps; rep++) {
    const calls = 8 // queued together, as a model queues its layers
    const start = performance.now()
    for (let call = 0; call < calls; call++) run()
    await backend.flush()
    seconds.push((performance.now() - start) / 1000 / calls)
  }
  const perRow = median(seconds) / channelCount
  const spread = `${(Math.min(...seconds) * 1e3).toPrecision(3)} to ${(Math.max(...seconds) * 1e3).toPrecision(3)}`
  console.log(
    `${count(length)} x ${channelCount}: ${(median(seconds) * 1e3).toPrecision(3)} ms (${spread}), ${((perRow / length) * 1e9).toPrecision(3)} ns an output, ` +
      `paper ${(perRow * paperRows * 1e3).toPrecision(3)} ms; ${explainPlan(plan).split('\n').slice(1, 3).join('; ')}`,
  )
  backend.releaseFilter(filter)
  for (const tensor of [...Object.values(tensors), out]) backend.release(tensor)
}
await backend.destroy()
