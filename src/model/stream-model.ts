import { ConfigError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import { view } from '../kernels/tensor.ts'
import { encode, hyenaCodes } from './alphabet.ts'
import type { HyenaNetwork } from './hyena/hyena-network.ts'
import type { HyenaState } from './hyena/hyena-state.ts'
import type { Model, ModelInfo, Piece, RunControl, RunPlan, RunRequest, TrackValues } from './model.ts'
import { type Block, cutBlocks } from './stream-blocks.ts'
import { planStream, type StreamPlan } from './stream-plan.ts'
import type { StreamReadout } from './stream-readout.ts'

/** Lengths of pieces whose cut is remembered. */
const mostPieceCuts = 4096

/** A causal model: blocks pass through all layers in order, each layer carrying its history; the result does not depend on the block. */
export function createStreamModel(
  info: ModelInfo,
  members: readonly HyenaNetwork[],
  backend: Backend,
  readout: StreamReadout,
): Omit<Model, 'atLayer'> {
  const totalLength = ({ length, leftContext }: RunRequest): number => length + leftContext

  function plan(request: RunRequest): RunPlan {
    const total = totalLength(request)
    const { memoryBytes, cuttingSeconds, ...cut } = planStream(members, backend, {
      ...request,
      totalLength: total,
      readoutBytes: readout.bytes,
    })
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
    const values = readout.open()
    // Tracks of a part may hold context positions before the first wanted one: those are dropped.
    const finish = async ({ start, bases, read }: Part): Promise<TrackValues | undefined> => {
      const tracks = values.next(await Promise.all(read), bases, request.tracks)
      const dropped = Math.max(0, -start)
      if (dropped >= bases.length) return undefined
      if (dropped === 0) return { start, tracks }
      return {
        start: 0,
        tracks: Object.fromEntries(Object.entries(tracks).map(([name, v]) => [name, v.slice(dropped)])),
      }
    }
    try {
      let previous: Part | undefined
      for await (const block of cutBlocks(source, { ...request, blockLength, codeOf: hyenaCodes })) {
        signal?.throwIfAborted()
        for (const current of queueBlock(states, block)) {
          const done = previous && (await finish(previous))
          if (done) yield done
          previous = current
        }
      }
      const done = previous && (await finish(previous))
      if (done) yield done
    } finally {
      for (const state of states) state.release()
    }
  }

  /** Queues a block, then, each when it is asked for, the parts that it is read out in. */
  function* queueBlock(states: readonly HyenaState[], { start, bases, codes }: Block): Generator<Part> {
    const tensor = backend.tensor(1, codes.length)
    backend.write(tensor, codes)
    const blocks = states.map((state, i) => members[i].layers(tensor, state))
    backend.release(tensor)
    const step = Math.min(codes.length, readout.mostBases)
    for (let from = readout.needsContext ? 0 : Math.max(0, -start); from < codes.length; from += step) {
      const length = Math.min(step, codes.length - from)
      const read = blocks.map((block, i) => {
        const out = members[i].head(view(block, { start: from, length }))
        const values = backend.read(out)
        values.catch(() => {}) // reported when it is awaited
        backend.release(out)
        return values
      })
      yield { start: start + from, bases: bases.subarray(from, from + length), read }
    }
  }

  /** How pieces were cut, by length and memory: a list has many of one length, and planning one takes as long as some of its layers. */
  const pieceCuts = new Map<string, StreamPlan>()
  function cutPiece(length: number, memoryBytes: number): StreamPlan {
    const key = `${length} ${memoryBytes}`
    const found = pieceCuts.get(key)
    if (found) return found
    const cut = planStream(members, backend, { totalLength: length, memoryBytes, readoutBytes: readout.bytes })
    if (pieceCuts.size === mostPieceCuts) pieceCuts.clear()
    pieceCuts.set(key, cut)
    return cut
  }

  /** Pieces one after the other, all queued before the first is awaited: causal models cannot share a row. */
  async function runPieces(
    pieces: readonly Piece[],
    { tracks, memoryBytes }: Pick<RunRequest, 'tracks' | 'memoryBytes'>,
  ): Promise<Record<string, Float32Array>[]> {
    const pending = pieces.map((piece) => {
      const totalLength = piece.leftContext + piece.length
      const cut = cutPiece(totalLength, memoryBytes)
      const { blockLength } = cut
      const bases = piece.bases.subarray(0, totalLength)
      const values = readout.open()
      const states = members.map((member) => member.open({ ...cut, totalLength }))
      const parts: Part[] = []
      for (let start = 0; start < totalLength; start += blockLength) {
        const part = bases.subarray(start, start + blockLength)
        const block = { start: start - piece.leftContext, bases: part, codes: encode(part, hyenaCodes) }
        parts.push(...queueBlock(states, block))
      }
      for (const state of states) state.release()
      return { piece, parts, values }
    })
    const out: Record<string, Float32Array>[] = []
    for (const { piece, parts, values } of pending) {
      if (parts.length === 1 && parts[0].start >= 0) {
        out.push(values.next(await Promise.all(parts[0].read), parts[0].bases, tracks))
        continue
      }
      const whole = Object.fromEntries(tracks.map((name) => [name, new Float32Array(piece.length)]))
      for (const { start, bases, read } of parts) {
        const part = values.next(await Promise.all(read), bases, tracks)
        const dropped = Math.max(0, -start)
        for (const name of tracks)
          if (dropped < bases.length) whole[name].set(part[name].subarray(dropped), Math.max(0, start))
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

/** Positions that are read out together; `read`: of each member. */
interface Part {
  readonly start: number
  readonly bases: Uint8Array
  readonly read: readonly Promise<Float32Array>[]
}
