import { ConfigError } from '../errors.ts'
import type { Backend } from '../kernels/backend.ts'
import type {
  Architecture,
  Checkpoint,
  HyenaArchitecture,
  PangolinArchitecture,
  SpliceHyenaArchitecture,
} from './checkpoint.ts'
import { HyenaNetwork } from './hyena/hyena-network.ts'
import { channelTracks, cutAtLayer, type LayerIndex, widthOf } from './layer-state.ts'
import type { Model, ModelInfo, Track } from './model.ts'
import { parameterCountOf } from './parameters.ts'
import { jointReceptiveField } from './receptive-field.ts'
import { createOpenSpliceNetwork } from './splice/open-splice-network.ts'
import { pangolinReadout } from './splice/pangolin-readout.ts'
import { type Readout, spliceReadout, windowStateReadout } from './splice/readout.ts'
import { createSpliceHyenaNetwork } from './splice/splice-hyena-network.ts'
import type { WindowNetwork } from './splice/window-network.ts'
import { createStreamModel } from './stream-model.ts'
import { languageReadout, stateReadout } from './stream-readout.ts'
import { languageTracks } from './tracks.ts'
import { createWindowModel } from './window-model.ts'
import { show } from '../validate.ts'

export interface ModelOptions {
  /** Partial convolution: taps kept of each long filter (of a two-sided one, around its centre). */
  readonly filterLength?: number
  /** Fraction of the long filters' spectrum blocks left out, 0 to 0.95. */
  readonly frequencySparsity?: number
}

/**
 * Puts a checkpoint, or the members of an ensemble (the mean of their probabilities), on a backend.
 * Throws ConfigError where the members are not of one kind or an option does not apply.
 */
export function createModel(checkpoints: readonly Checkpoint[], backend: Backend, options: ModelOptions = {}): Model {
  const first = checkpoints[0]
  if (!first) throw new ConfigError({ option: 'model', what: 'no checkpoint was given' })
  for (const { name, architecture } of checkpoints) {
    if (architecture.kind !== first.architecture.kind) {
      throw new ConfigError({
        where: name,
        what: 'the members of an ensemble must be of one kind',
        expected: first.architecture.kind,
        got: architecture.kind,
      })
    }
  }
  checkOptions(first, options)
  return build(checkpoints, backend, options)
}

/** The model, or with `layer` the state of its first member there. */
function build(checkpoints: readonly Checkpoint[], backend: Backend, options: ModelOptions, layer?: LayerIndex): Model {
  const atLayer = (index: LayerIndex): Model => build(checkpoints.slice(0, 1), backend, options, index)
  const base = {
    // Members of one file share its name and hash.
    name: [...new Set(checkpoints.map((c) => c.name))].join('+'),
    parameterCount: checkpoints.reduce((sum, c) => sum + parameterCountOf(c), 0),
    sha256: [...new Set(checkpoints.map((c) => c.sha256))].join(','),
    memberCount: checkpoints.length,
    architecture: describe(checkpoints),
    ...(layer !== undefined && { layer }),
  }
  const members = layer === undefined ? checkpoints : checkpoints.map((checkpoint) => cutAtLayer(checkpoint, layer))
  const architectures = members.map(({ architecture }) => architecture)
  const channelCount = widthOf(architectures[0])
  const read = { ...options, layer }
  if (architectures[0].kind === 'hyena') {
    const networks = members.map((c) => new HyenaNetwork(c, c.architecture as HyenaArchitecture, backend, read))
    const { left, right } = jointReceptiveField(architectures, options.filterLength)
    const info: ModelInfo = {
      ...base,
      family: 'language',
      // A state is of the base that was read last; a prediction is of the one after it.
      receptiveField: { left: layer === undefined ? left : left - 1, right },
      tracks: layer === undefined ? languageTracks : channelTracks(channelCount),
      trainedBases: Math.min(...networks.map(({ architecture }) => trainedBases(architecture))),
    }
    const readout = layer === undefined ? languageReadout : stateReadout(channelCount)
    return { ...createStreamModel(info, networks, backend, readout), atLayer }
  }
  const networks = members.map(
    (c): WindowNetwork =>
      c.architecture.kind === 'openspliceai' || c.architecture.kind === 'pangolin'
        ? createOpenSpliceNetwork(c, c.architecture, backend, layer)
        : createSpliceHyenaNetwork(c, c.architecture as SpliceHyenaArchitecture, backend, read),
  )
  const { halo } = networks[0]
  if (networks.some((n) => n.halo.left !== halo.left)) {
    throw new ConfigError({ where: base.name, what: 'the members of an ensemble must have one receptive field' })
  }
  const readout = layer === undefined ? readoutOf(architectures) : windowStateReadout(channelCount)
  const info: ModelInfo = {
    ...base,
    family: 'splice',
    receptiveField: halo,
    tracks: readout.tracks,
  }
  return { ...createWindowModel(info, networks, readout, backend), atLayer }
}

/** HyenaDNA's filters have two taps more than its sequences had bases. */
const trainedBases = ({ maxLength }: HyenaArchitecture): number => Math.max(1, maxLength - 2)

/** The tracks that a model of these checkpoints has. */
export function tracksOf(checkpoints: readonly Checkpoint[]): readonly Track[] {
  const architectures = checkpoints.map(({ architecture }) => architecture)
  return architectures[0].kind === 'hyena' ? languageTracks : readoutOf(architectures).tracks
}

const readoutOf = (architectures: readonly Architecture[]): Readout =>
  architectures[0].kind === 'pangolin' ? pangolinReadout(architectures as PangolinArchitecture[]) : spliceReadout

function checkOptions({ name, architecture }: Checkpoint, { filterLength, frequencySparsity = 0 }: ModelOptions): void {
  if (filterLength !== undefined && (!Number.isInteger(filterLength) || filterLength < 1)) {
    throw new ConfigError({
      option: 'filterLength',
      what: 'bad value',
      expected: 'a whole number of at least 1',
      got: show(filterLength),
    })
  }
  if (!(frequencySparsity >= 0 && frequencySparsity <= 0.95)) {
    throw new ConfigError({
      option: 'frequencySparsity',
      what: 'bad value',
      expected: 'a number from 0 to 0.95',
      got: show(frequencySparsity),
    })
  }
  if (
    ['openspliceai', 'pangolin'].includes(architecture.kind) &&
    (filterLength !== undefined || frequencySparsity > 0)
  ) {
    throw new ConfigError({
      option: filterLength === undefined ? 'frequencySparsity' : 'filterLength',
      what: `${name} has no long filters`,
      remedy: 'leave the option out',
    })
  }
}

/** One line for people, e.g. `HyenaDNA, 2 layers of 128 channels, filters of 1,026 taps`. */
export function describe(checkpoints: readonly Checkpoint[]): string {
  const { architecture: a } = checkpoints[0]
  const count = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`
  const members = checkpoints.length > 1 ? `, ensemble of ${checkpoints.length}` : ''
  if (a.kind === 'hyena')
    return `HyenaDNA, ${count(a.layerCount, 'layer')} of ${count(a.modelWidth, 'channel')}, filters of ${count(a.maxLength, 'tap')}${members}`
  if (a.kind === 'openspliceai' || a.kind === 'pangolin')
    return `${a.kind === 'pangolin' ? 'Pangolin' : 'SpliceAI family'}, ${count(a.units.length, 'residual unit')} of ${count(a.channelCount, 'channel')}, ${a.contextBases} bases of context${members}`
  const taps = a.blocks.flatMap((b) => (b.type === 'hyena' ? [b.taps] : []))
  const hyena =
    taps.length > 0
      ? `, ${count(taps.length, 'two-sided Hyena operator')} with filters of up to ${count(Math.max(...taps), 'tap')}`
      : ''
  const convolutions = a.blocks.filter((b) => b.type === 'conv').length
  return `splice model, ${count(a.modelWidth, 'channel')}, ${count(convolutions, 'convolution block')}${hyena}${members}`
}
