import type { Backend } from '../kernels/backend.ts'
import { hyenaCodes } from './alphabet.ts'
import type { HyenaNetwork } from './hyena/hyena-network.ts'
import type { HyenaState } from './hyena/hyena-state.ts'
import type { Model, ModelInfo, RunOptions, RunPlan, TrackValues } from './model.ts'
import { type Block, cutBlocks } from './stream-blocks.ts'
import { planStream } from './stream-plan.ts'
import { LanguageValues, meanProbabilities } from './tracks.ts'

/** A causal model: blocks pass through all layers in order, each layer carrying its history; the result does not depend on the block. */
export function createStreamModel(info: ModelInfo, members: readonly HyenaNetwork[], backend: Backend): Model {
  const totalLength = ({ length, leftContext }: RunOptions): number => length + leftContext

  function plan(options: RunOptions): RunPlan {
    const total = totalLength(options)
    const { blockLength, filterPolicy, memoryBytes } = planStream(members, backend, { ...options, totalLength: total })
    const kept = { 'keep-spectra': 'filter spectra kept', 'keep-taps': 'filter spectra recomputed', recompute: 'filters recomputed' }[filterPolicy]
    const blocks = Number.isFinite(total) ? `${Math.ceil(total / blockLength)} block${total > blockLength ? 's' : ''}` : 'blocks'
    return { chunkBases: blockLength, memoryBytes, lines: [`${blocks} of ${blockLength} bases with carried history, ${kept}`] }
  }

  async function* run(source: AsyncIterable<Uint8Array>, options: RunOptions): AsyncGenerator<TrackValues> {
    const total = totalLength(options)
    const { blockLength, filterPolicy } = planStream(members, backend, { ...options, totalLength: total })
    const states = members.map((member) => member.open({ blockLength, totalLength: total, filterPolicy }))
    const values = new LanguageValues()
    // Tracks of a block hold context positions before the first wanted one: those are dropped.
    const finish = async ({ block, logits }: Pending): Promise<TrackValues | undefined> => {
      const tracks = values.next(meanProbabilities(await Promise.all(logits), 4), block.bases, options.tracks)
      const dropped = Math.max(0, -block.start)
      if (dropped >= block.bases.length) return undefined
      if (dropped === 0) return { start: block.start, tracks }
      return { start: 0, tracks: Object.fromEntries(Object.entries(tracks).map(([name, v]) => [name, v.slice(dropped)])) }
    }
    try {
      let previous: Pending | undefined
      for await (const block of cutBlocks(source, { ...options, blockLength, codeOf: hyenaCodes })) {
        options.signal?.throwIfAborted()
        const current = { block, logits: states.map((state, i) => queueBlock(members[i]!, state, block)) }
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

  return { info, backend, plan, run, close: () => { for (const m of members) m.release() } }
}

interface Pending {
  readonly block: Block
  readonly logits: readonly Promise<Float32Array>[]
}
