import { LimitError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import { spliceCodes, spliceUnknownCode } from './alphabet.ts'
import type { Model, ModelInfo, Piece, RunControl, RunPlan, RunRequest, TrackValues } from './model.ts'
import { createEditRunner } from './splice/edit-runner.ts'
import type { Readout } from './splice/readout.ts'
import { areAlike } from './splice/residual-parts.ts'
import type { WindowNetwork } from './splice/window-network.ts'
import { cutRow, cutWindows, type Window } from './windows.ts'

/** Cores much longer than the halo waste little; longer ones only take memory. */
const preferredCoreBases = 131_072
const coding = { codeOf: spliceCodes, paddingCode: spliceUnknownCode }

/** A model with a finite receptive field on both sides: cores tile the sequence, each computed with its halo. */
export function createWindowModel(
  info: ModelInfo,
  members: readonly WindowNetwork[],
  readout: Readout,
  backend: Backend,
): Omit<Model, 'atLayer'> {
  const { halo } = members[0]
  const channelCount = Math.max(...members.map((member) => member.channelCount))
  /** Of what is read out: of a state, which is wide, the windows that are used and on their way too. */
  const heldWindows = info.layer === undefined ? 1 : 3
  /** Of this model alone: a plan must not depend on what else is allocated, or was run before. */
  const neededBytesFor = (core: number): number =>
    members.reduce((sum, member) => sum + member.weightBytes(core), 0) +
    Math.max(...members.map((member) => member.activationBytes(core))) +
    4 * heldWindows * members.reduce((sum, member) => sum + member.logitCount, 0) * core +
    8 * (core + halo.left + halo.right)

  function plan(request: RunRequest): RunPlan {
    const { length, chunkBases, memoryBytes } = request
    const largestTensor = Math.floor(backend.limits.maxTensorBytes / (4 * channelCount)) - halo.left - halo.right
    let core = Math.min(chunkBases ?? preferredCoreBases, Math.max(1, length), Math.max(1, largestTensor))
    if (chunkBases === undefined && Number.isFinite(length)) core = Math.ceil(length / Math.ceil(length / core))
    while (core > 1 && neededBytesFor(core) > memoryBytes) core = Math.ceil(core / 2)
    const neededBytes = neededBytesFor(core)
    if (neededBytes > memoryBytes) {
      throw new LimitError({
        option: 'memory',
        what: `${info.name} does not fit`,
        expected: `at least ${Math.ceil(neededBytes / 2 ** 20)} MiB`,
        got: `${Math.floor(memoryBytes / 2 ** 20)} MiB`,
        remedy: 'give more `memory`',
        neededBytes,
      })
    }
    const lines = [
      `windows of ${core} + ${halo.left} + ${halo.right} bases`,
      ...new Set(members.flatMap((member) => member.explain(core))),
    ]
    return { request, chunkBases: core, memoryBytes: neededBytes, lines }
  }

  async function* run(
    source: AsyncIterable<Uint8Array>,
    { request, chunkBases: coreLength }: RunPlan,
    { doneBases = 0, signal }: RunControl = {},
  ): AsyncGenerator<TrackValues> {
    let previous: Promise<TrackValues> | undefined
    for await (const window of cutWindows(source, { ...request, halo, coreLength, ...coding })) {
      signal?.throwIfAborted()
      if (window.start + window.coreLength <= doneBases) continue
      // The next window is queued before the last one's values are awaited: the device is never idle in between.
      const current = runWindow(window, request.tracks)
      current.catch(() => {}) // reported when it is awaited
      if (previous) yield await previous
      previous = current
    }
    if (previous) yield await previous
  }

  async function runWindow(window: Window, tracks: readonly string[]): Promise<TrackValues> {
    return { start: window.start, tracks: readout.values(await logitsOf(window.codes), tracks) }
  }

  /** Queues all members on a row of codes; each one's logits [logitCount, codes.length - halo]. */
  async function logitsOf(row: Float32Array): Promise<Float32Array[]> {
    const codes = backend.tensor(1, row.length)
    backend.write(codes, row)
    const pending = members.map((member) => {
      const logits = member.forward(codes, row.length - halo.left - halo.right)
      const values = backend.read(logits)
      backend.release(logits)
      return values
    })
    backend.release(codes)
    return Promise.all(pending)
  }

  async function runPieces(
    pieces: readonly Piece[],
    { tracks }: { readonly tracks: readonly string[] },
  ): Promise<Record<string, Float32Array>[]> {
    if (pieces.length === 0) return []
    const { codes, starts } = cutRow(pieces, { halo, ...coding })
    const all = readout.values(await logitsOf(codes), tracks)
    return pieces.map(({ length }, i) =>
      Object.fromEntries(tracks.map((name) => [name, all[name].slice(starts[i], starts[i] + length)])),
    )
  }

  const parts = members.flatMap((member) => member.parts ?? [])
  const edits =
    parts.length === members.length && parts.every((one) => areAlike(one, parts[0]))
      ? createEditRunner(
          parts,
          (core) => members.reduce((sum, member) => sum + member.weightBytes(core), 0),
          readout,
          backend,
        )
      : undefined

  return {
    info,
    backend,
    edits,
    plan,
    run,
    runPieces,
    close: () => {
      for (const m of members) m.release()
    },
  }
}
