import { LimitError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import { spliceCodes, spliceUnknownCode } from './alphabet.ts'
import type { Model, ModelInfo, RunOptions, RunPlan, TrackValues } from './model.ts'
import type { WindowNetwork } from './splice/window-network.ts'
import { meanProbabilities, spliceValues } from './tracks.ts'
import { cutWindows, type Window } from './windows.ts'

/** Cores much longer than the halo waste little; longer ones only take memory. */
const preferredCoreBases = 131_072

/** A model with a finite receptive field on both sides: cores tile the sequence, each computed with its halo. */
export function createWindowModel(info: ModelInfo, members: readonly WindowNetwork[], backend: Backend): Model {
  const { halo } = members[0]!
  const windowBytes = (core: number): number =>
    Math.max(...members.map((m) => m.activationBytes(core))) + members.length * 12 * core + 8 * (core + halo.left + halo.right)

  function plan({ length, chunkBases, memoryBytes }: RunOptions): RunPlan {
    const resident = backend.memory.currentBytes
    const largestTensor = Math.floor(backend.limits.maxTensorBytes / (4 * 64)) - halo.left - halo.right
    let core = Math.min(chunkBases ?? preferredCoreBases, Math.max(1, length), Math.max(1, largestTensor))
    if (chunkBases === undefined && Number.isFinite(length)) core = Math.ceil(length / Math.ceil(length / core))
    while (core > 1 && resident + windowBytes(core) > memoryBytes) core = Math.ceil(core / 2)
    const neededBytes = resident + windowBytes(core)
    if (neededBytes > memoryBytes) {
      throw new LimitError({
        where: '--memory',
        what: `${info.name} does not fit`,
        expected: `at least ${Math.ceil(neededBytes / 2 ** 20)} MiB`,
        got: `${Math.floor(memoryBytes / 2 ** 20)} MiB`,
        remedy: 'give more memory',
        neededBytes,
      })
    }
    const lines = [`windows of ${core} + ${halo.left} + ${halo.right} bases`]
    return { chunkBases: core, memoryBytes: neededBytes, lines }
  }

  async function* run(source: AsyncIterable<Uint8Array>, options: RunOptions): AsyncGenerator<TrackValues> {
    const { chunkBases: coreLength } = plan(options)
    const cut = { ...options, halo, coreLength, codeOf: spliceCodes, paddingCode: spliceUnknownCode }
    let previous: Promise<TrackValues> | undefined
    for await (const window of cutWindows(source, cut)) {
      options.signal?.throwIfAborted()
      // The next window is queued before the last one's values are awaited: the device is never idle in between.
      const current = runWindow(window, options.tracks)
      current.catch(() => {}) // reported when it is awaited
      if (previous) yield await previous
      previous = current
    }
    if (previous) yield await previous
  }

  async function runWindow(window: Window, tracks: readonly string[]): Promise<TrackValues> {
    const codes = backend.tensor(1, window.codes.length)
    backend.write(codes, window.codes)
    const pending = members.map((member) => {
      const logits = member.forward(codes, window.coreLength)
      const values = backend.read(logits)
      backend.release(logits)
      return values
    })
    backend.release(codes)
    const probabilities = meanProbabilities(await Promise.all(pending), 3)
    return { start: window.start, tracks: spliceValues(probabilities, tracks) }
  }

  return { info, backend, plan, run, close: () => { for (const m of members) m.release() } }
}
