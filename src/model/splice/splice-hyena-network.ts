import type { Backend } from '../../kernels/backend.ts'
import type { PreparedFilter } from '../../kernels/long-conv/long-conv.ts'
import { explainPlan, filterBytesOf } from '../../kernels/long-conv/plan.ts'
import { type Tensor, view } from '../../kernels/tensor.ts'
import type { Checkpoint, SpliceHyenaArchitecture } from '../checkpoint.ts'
import { identity, type LayerIndex } from '../layer-state.ts'
import { Parameters } from '../parameters.ts'
import { blockMargin, receptiveFieldOf } from '../receptive-field.ts'
import { queueResidualUnit, type ResidualUnit, residualUnit } from './residual-unit.ts'
import { Activations, explainUnits, oneHotTable, preparedUnitBytes, type WindowNetwork } from './window-network.ts'

const layerNormEpsilon = 1e-5

/** Filters are planned for windows of this many positions; a prepared filter serves any length. */
const plannedLength = 65_536

/** A block ready to run: takes the residual stream, gives the part of it that is still exact. */
interface Block {
  /** `scratch`: two tensors at least as large as r. */
  queue(r: Tensor, scratch: readonly [Tensor, Tensor]): Tensor
}

/**
 * Our own splice model: a convolutional stem, then residual blocks of dense convolutions, two-sided Hyena operators and MLPs.
 * With `layer` the state is given instead of logits: after the norm (-1), or as the last of the architecture's blocks leaves it.
 */
export function createSpliceHyenaNetwork(
  checkpoint: Checkpoint,
  architecture: SpliceHyenaArchitecture,
  backend: Backend,
  options: { readonly filterLength?: number; readonly frequencySparsity?: number; readonly layer?: LayerIndex },
): WindowNetwork {
  const { modelWidth } = architecture
  const { layer } = options
  const logitCount = layer === undefined ? 3 : modelWidth
  const halo = receptiveFieldOf(architecture)
  const margin = halo.left
  const parameters = new Parameters(checkpoint, backend)
  const { ops } = backend
  const table = parameters.upload(oneHotTable(), [5, 4])
  const stem = parameters.linear('stem')
  const filters: PreparedFilter[] = []
  const residualUnits: ResidualUnit[] = []
  const blocks = architecture.blocks.map((block, i): Block => {
    const prefix = `blocks.${i}`
    if (block.type === 'conv') {
      const unit = convUnit(parameters, prefix, block)
      residualUnits.push(unit)
      return { queue: (r, [scratch]) => queueResidualUnit(ops, unit, r, scratch) }
    }
    if (block.type === 'mlp') return mlpBlock(parameters, prefix, backend)
    return hyenaBlock(parameters, prefix, block, modelWidth, backend, options, filters)
  })
  const norm = layer === undefined || layer === -1 ? parameters.norm('norm', layerNormEpsilon) : undefined
  const toLogits = layer === undefined ? { norm, ...parameters.linear('head') } : undefined
  const toState =
    layer === -1 ? { norm, weight: parameters.upload(identity(modelWidth), [modelWidth, modelWidth]) } : undefined
  const head = toLogits ?? toState
  const units = architecture.blocks.filter((block) => block.type === 'conv')

  const stemMargin = (architecture.stemWidth - 1) / 2

  return {
    halo,
    channelCount: modelWidth,
    logitCount,
    parts:
      toLogits && units.length === blocks.length
        ? {
            channelCount: modelWidth,
            logitCount,
            halo,
            table,
            stem: { ...stem, margins: { left: stemMargin, right: stemMargin } },
            units: residualUnits,
            skips: [{ afterUnit: units.length, ...toLogits }],
          }
        : undefined,
    weightBytes: (coreLength) =>
      parameters.uploadedBytes +
      filters.reduce((sum, { plan }) => sum + filterBytesOf(plan), 0) +
      preparedUnitBytes(backend, units, modelWidth, coreLength + 2 * margin),
    activationBytes: (coreLength) => 4 * ((3 * modelWidth + 5) * (coreLength + 2 * margin) + logitCount * coreLength),
    forward(codes, coreLength) {
      const activations = new Activations(backend)
      const oneHot = activations.tensor(4, codes.length)
      ops.embedding({ out: oneHot, codes, table })
      let r = activations.tensor(modelWidth, codes.length - (architecture.stemWidth - 1))
      ops.dilatedConv({ out: r, input: oneHot, ...stem, dilation: 1 })
      const scratch = [activations.tensor(modelWidth, r.length), activations.tensor(modelWidth, r.length)] as const
      for (const block of blocks) r = block.queue(r, scratch)
      const out = backend.tensor(logitCount, coreLength)
      if (head) ops.linear({ out, input: r, ...head })
      else ops.advanceHistory({ history: out, input: r }) // a copy: equally long
      activations.release()
      return out
    },
    explain(coreLength) {
      return [
        ...explainUnits(backend, units, modelWidth, coreLength + 2 * margin),
        ...filters.flatMap(({ plan }) => explainPlan(plan).split('\n')),
      ]
    },
    release() {
      parameters.release()
      for (const filter of filters.splice(0)) backend.releaseFilter(filter)
    },
  }
}

function convUnit(parameters: Parameters, prefix: string, shape: { width: number; dilation: number }): ResidualUnit {
  const affine = (name: string) => ({
    scale: parameters.host(`${prefix}.${name}.scale`).data,
    shift: parameters.host(`${prefix}.${name}.shift`).data,
  })
  return residualUnit(parameters, prefix, shape, affine('aff1'), affine('aff2'))
}

function mlpBlock(parameters: Parameters, prefix: string, backend: Backend): Block {
  const norm = parameters.norm(`${prefix}.norm`, layerNormEpsilon)
  const [fc1, fc2] = [parameters.linear(`${prefix}.fc1`), parameters.linear(`${prefix}.fc2`)]
  return {
    queue(r) {
      backend.ops.mlp({ out: r, input: r, norm, fc1, fc2 })
      return r
    },
  }
}

function hyenaBlock(
  parameters: Parameters,
  prefix: string,
  block: { readonly taps: number; readonly shortTaps: number },
  modelWidth: number,
  backend: Backend,
  { filterLength, frequencySparsity }: { readonly filterLength?: number; readonly frequencySparsity?: number },
  filters: PreparedFilter[],
): Block {
  const { ops } = backend
  const norm = parameters.norm(`${prefix}.norm`, layerNormEpsilon)
  const projection = parameters.linear(`${prefix}.in_proj`)
  const short = parameters.linear(`${prefix}.short`)
  const skip = parameters.weights(`${prefix}.D`)
  const out = parameters.linear(`${prefix}.out_proj`)
  const centerTap = (block.taps - 1) / 2
  const host = parameters.host(`${prefix}.filter`).data
  const filter = prepare(backend, cutCentred(host, block.taps, filterLength), modelWidth, frequencySparsity)
  filters.push(filter)
  const margin = blockMargin({ type: 'hyena', ...block })
  const shortMargin = (block.shortTaps - 1) / 2
  return {
    queue(r, [gateScratch, valueScratch]) {
      const inner = r.length - 2 * shortMargin
      const gate = view(gateScratch, { length: inner })
      const value = view(valueScratch, { length: inner })
      ops.gatedProjection({
        gate,
        value,
        input: r,
        norm,
        ...projection,
        shortWeight: short.weight,
        shortBias: short.bias,
        padding: 'valid',
      })
      const length = r.length - 2 * margin
      const y = view(gate, { start: centerTap, length }) // the gate is read and overwritten in place
      ops.longConv({ out: y, input: value, filter, inputShift: centerTap, post: y, skip })
      const core = view(r, { start: margin, length })
      ops.linear({ out: core, input: y, ...out, residual: core })
      return core
    },
  }
}

/** Keeps the `filterLength` taps around the centre (an odd number), the others gone: a partial convolution. */
function cutCentred(
  filter: Float32Array,
  taps: number,
  filterLength: number | undefined,
): { data: Float32Array; taps: number } {
  const kept = filterLength === undefined ? taps : Math.min(taps, filterLength - (1 - (filterLength % 2)))
  if (kept === taps) return { data: filter, taps }
  const channels = filter.length / taps
  const first = (taps - kept) / 2
  const data = new Float32Array(channels * kept)
  for (let c = 0; c < channels; c++) data.set(filter.subarray(c * taps + first, c * taps + first + kept), c * kept)
  return { data, taps: kept }
}

function prepare(
  backend: Backend,
  { data, taps }: { data: Float32Array; taps: number },
  channelCount: number,
  frequencySparsity?: number,
): PreparedFilter {
  const plan = backend.planLongConv({ channelCount, length: plannedLength, filterLength: taps, frequencySparsity })
  const tensor = backend.tensor(channelCount, taps)
  backend.write(tensor, data)
  const filter = backend.prepareFilter(plan, tensor, { centerTap: (taps - 1) / 2 })
  backend.release(tensor)
  return filter
}
