import { ConfigError } from '../errors.ts'
import type { Architecture, Checkpoint } from './checkpoint.ts'
import type { Track } from './model.ts'
import { unitMargin } from './receptive-field.ts'
import { show } from '../validate.ts'

/**
 * Which state of a network is read: `-1` what its head is given (of a language model after the last norm); 0 what its first
 * layer is given; `i` what stands after layer `i`. Layers of a splice model are its residual units, or blocks.
 */
export type LayerIndex = number

/** Layers of a network, head not counted. */
function layerCountOf(architecture: Architecture): number {
  if (architecture.kind === 'hyena') return architecture.layerCount
  return architecture.kind === 'splice-hyena' ? architecture.blocks.length : architecture.units.length
}

/** Channels of the state between layers. */
export const widthOf = (architecture: Architecture): number =>
  'channelCount' in architecture ? architecture.channelCount : architecture.modelWidth

/**
 * A checkpoint without what comes after `layer`.
 *
 * @throws ConfigError for a layer that the network does not have
 */
export function cutAtLayer(checkpoint: Checkpoint, layer: LayerIndex): Checkpoint {
  const count = layerCountOf(checkpoint.architecture)
  if (!Number.isInteger(layer) || layer < -1 || layer > count) {
    throw new ConfigError({
      option: 'layer',
      what: `${checkpoint.name} has ${count} layers`,
      expected: `-1 (the state before the head) or 0 to ${count}`,
      got: show(layer),
    })
  }
  return layer === -1 ? checkpoint : { ...checkpoint, architecture: firstLayers(checkpoint.architecture, layer) }
}

function firstLayers(architecture: Architecture, layerCount: number): Architecture {
  if (architecture.kind === 'hyena') return { ...architecture, layerCount }
  if (architecture.kind === 'splice-hyena') return { ...architecture, blocks: architecture.blocks.slice(0, layerCount) }
  const units = architecture.units.slice(0, layerCount)
  return { ...architecture, units, contextBases: 2 * units.reduce((sum, unit) => sum + unitMargin(unit), 0) }
}

const channelPrefix = 'channel_'

/** The channels of a state as the tracks of a model. */
export const channelTracks = (channelCount: number): readonly Track[] =>
  Array.from({ length: channelCount }, (_, c) => ({
    name: `${channelPrefix}${c}`,
    isDefault: true,
    description: `channel ${c} of the state`,
  }))

/** The rows of `values` `[channelCount, length]` that `tracks` name. Views. */
export function rowsByName(
  values: Float32Array,
  channelCount: number,
  tracks: readonly string[],
): Record<string, Float32Array> {
  const length = values.length / channelCount
  return Object.fromEntries(
    tracks.map((name) => {
      const c = Number(name.slice(channelPrefix.length))
      return [name, values.subarray(c * length, (c + 1) * length)]
    }),
  )
}

/** As a weight matrix, what leaves channels as they are: a norm by itself. */
export const identity = (channelCount: number): Float32Array =>
  Float32Array.from({ length: channelCount * channelCount }, (_, i) => (i % (channelCount + 1) === 0 ? 1 : 0))
