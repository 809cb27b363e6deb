import { ConfigError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import { encode, hyenaCodes } from './alphabet.ts'
import type { HyenaNetwork } from './hyena/hyena-network.ts'
import type { HyenaState } from './hyena/hyena-state.ts'
import type { Model, ModelInfo, Piece, RunControl, RunPlan, RunRequest, TrackValues } from './model.ts'
import { type Block, cutBlocks } from './stream-blocks.ts'
import { planStream } from './stream-plan.ts'
import { LanguageValues, meanProbabilities } from './tracks.ts'

/** A causal model: blocks pass through all layers in order, each layer carrying its history; the result does not depend on the block. */
export function createStreamModel(info: ModelInfo, members: readonly HyenaNetwork[], backend: Backend): Model {
  const totalLength = ({ length, leftContext }: RunRequest): number => length + leftContext

  function plan(request: RunRequest): RunPlan {
    const total = totalLength(request)
    const { memoryBytes, cuttingSeconds, ...cut } = planStream(members, backend, { ...request, totalLength: total })
    const { blockLength, filterPolicy, channelGroups } = cut
    const kept = {
      'keep-spectra': 'filter spectra kept',
      'keep-taps': 'filter spectra recomputed',
      recompute: 'filters recomputed',
    }[filterPolicy]
    const blockCount = Number.isFinite(total)
      ? `${Math.ceil(total / blockLength)} block${total > blockLength ? 's' : ''}`
      : 'blocks'
    const lines = [
      `${blockCount} of ${blockLength} bases with carried history, ${kept}${channelGroups > 1 ? `, channels in ${channelGroups} groups` : ''}`,
    ]
    lines.push(...members.flatMap((m) => m.explain({ ...cut, totalLength: total })))
    const isKnown = backend.roughSeconds.areMeasured && Number.isFinite(total)
    const filterSecondsPerBase = isKnown ? cuttingSeconds / total : undefined
    return {
      request,
      chunkBases: blockLength,
      memoryBytes,
      lines: [...new Set(lines)],
      blocks: cut,
      filterSecondsPerBase,
    }
  }

  async function* run(
    source: AsyncIterable<Uint8Array>,
    { request, chunkBases: blockLength, blocks }: RunPlan,
    { signal }: RunControl = {},
  ): AsyncGenerator<TrackValues> {
    if (!blocks)
      throw new ConfigError({ option: 'plan', what: `not a plan of ${info.name}`, remedy: 'make one with plan()' })
    const shape = { ...blocks, totalLength: totalLength(request) }
    const states = members.map((member) => member.open(shape))
    const values = new LanguageValues()
    // Tracks of a block hold context positions before the first wanted one: those are dropped.
    const finish = async ({ block, logits }: Pending): Promise<TrackValues | undefined> => {
      const tracks = values.next(meanProbabilities(await Promise.all(logits), 4), block.bases, request.tracks)
      const dropped = Math.max(0, -block.start)
      if (dropped >= block.bases.length) return undefined
      if (dropped === 0) return { start: block.start, tracks }
      return {
        start: 0,
        tracks: Object.fromEntries(Object.entries(tracks).map(([name, v]) => [name, v.slice(dropped)])),
      }
    }
    try {
      let previous: Pending | undefined
      for await (const block of cutBlocks(source, { ...request, blockLength, codeOf: hyenaCodes })) {
        signal?.throwIfAborted()
        const current = { block, logits: states.map((state, i) => queueBlock(members[i], state, block)) }
        const done = previous && (await finish(previous))
        if (done) yield done
        previous = current
      }
      const done = previous && (await finish(previous))
      if (done) yield done
    } finally {
      for (const state of states) state.release()
    }
  }

  function queueBlock(network: HyenaNetwork, state: HyenaState, block: Block): Promise<Float32Array> {
    const codes = backend.tensor(1, block.codes.length)
    backend.write(codes, block.codes)
    const logits = network.forward(codes, state)
    const values = backend.read(logits)
    values.catch(() => {}) // reported when it is awaited
    backend.release(logits)
    backend.release(codes)
    return values
  }

  /** Pieces one after the other, all queued before the first is awaited: causal models cannot share a row. */
  async function runPieces(
    pieces: readonly Piece[],
    { tracks, memoryBytes }: Pick<RunRequest, 'tracks' | 'memoryBytes'>,
  ): Promise<Record<string, Float32Array>[]> {
    const pending = pieces.map((piece) => {
      const totalLength = piece.leftContext + piece.length
      const cut = planStream(members, backend, { totalLength, memoryBytes })
      const { blockLength } = cut
      const bases = piece.bases.subarray(0, totalLength)
      const values = new LanguageValues()
      const states = members.map((member) => member.open({ ...cut, totalLength }))
      const blocks: Pending[] = []
      for (let start = 0; start < totalLength; start += blockLength) {
        const part = bases.subarray(start, start + blockLength)
        const block = { start: start - piece.leftContext, bases: part, codes: encode(part, hyenaCodes) }
        blocks.push({ block, logits: states.map((state, i) => queueBlock(members[i], state, block)) })
      }
      for (const state of states) state.release()
      return { piece, blocks, values }
    })
    const out: Record<string, Float32Array>[] = []
    for (const { piece, blocks, values } of pending) {
      const whole = Object.fromEntries(tracks.map((name) => [name, new Float32Array(piece.length)]))
      for (const { block, logits } of blocks) {
        const part = values.next(meanProbabilities(await Promise.all(logits), 4), block.bases, tracks)
        const dropped = Math.max(0, -block.start)
        for (const name of tracks)
          if (dropped < block.bases.length) whole[name].set(part[name].subarray(dropped), Math.max(0, block.start))
      }
      out.push(whole)
    }
    return out
  }

  return {
    info,
    backend,
    plan,
    run,
    runPieces,
    close: () => {
      for (const m of members) m.release()
    },
  }
}

interface Pending {
  readonly block: Block
  readonly logits: readonly Promise<Float32Array>[]
}
