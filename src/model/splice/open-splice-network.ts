import type { Backend } from '../../kernels/backend.ts'
import { type Tensor, view, type Weights } from '../../kernels/tensor.ts'
import type { Checkpoint, ResidualTrunk } from '../checkpoint.ts'
import type { LayerIndex } from '../layer-state.ts'
import { Parameters } from '../parameters.ts'
import { unitMargin } from '../receptive-field.ts'
import { affineOfBatchNorm, queueResidualUnit, type ResidualUnit, residualUnit } from './residual-unit.ts'
import { Activations, explainUnits, preparedUnitBytes, type WindowNetwork } from './window-network.ts'

const defaultBatchNormEpsilon = 1e-5
const unitsPerSkip = 4

/**
 * The SpliceAI network (Jaganathan et al. 2019, figure 1; docs/models.md, section 2) on windows without padding inside.
 * Each Skip convolution is folded with the final one: logits = Σ_k (final · skip_k)(x_k) + bias, so that no 32-channel
 * skip sum is kept. With `layer` the state is given instead: that sum (-1), or what the last of the architecture's units gives.
 */
export function createOpenSpliceNetwork(
  checkpoint: Checkpoint,
  architecture: ResidualTrunk,
  backend: Backend,
  layer?: LayerIndex,
): WindowNetwork {
  const { channelCount: channels, contextBases, slope, batchNormEpsilon = defaultBatchNormEpsilon } = architecture
  const halo = { left: contextBases / 2, right: contextBases / 2 }
  const parameters = new Parameters(checkpoint, backend)
  const { ops } = backend

  // initial_conv is 1x1 on a one-hot: a table of its columns, and of its bias alone for unknown bases.
  const initial = parameters.host('initial_conv.weight').data // [channels, 4, 1]
  const initialBias = parameters.host('initial_conv.bias').data
  const table = parameters.upload(
    Float32Array.from({ length: 5 * channels }, (_, i) => {
      const [code, c] = [Math.floor(i / channels), i % channels]
      return initialBias[c] + (code < 4 ? initial[c * 4 + code] : 0)
    }),
    [5, channels],
  )

  const units: ResidualUnit[] = []
  const skips: { readonly afterUnit: number; readonly weight: Weights; readonly bias: Weights }[] = []
  const addSkip = (afterUnit: number, name: string, withFinalBias: boolean): void => {
    if (layer === undefined) skips.push({ afterUnit, ...foldSkip(parameters, name, withFinalBias) })
    else if (layer === -1) skips.push({ afterUnit, ...skipOf(parameters, name) })
  }
  addSkip(0, 'initial_skip.conv', true)
  // In the checkpoint units and Skips share one numbering: 0-3 units, 4 a Skip, 5-8 units, 9 a Skip ...
  architecture.units.forEach((shape, i) => {
    const prefix = `residual_units.${i + Math.floor(i / unitsPerSkip)}`
    const affine1 = affineOfBatchNorm(parameters, `${prefix}.batchnorm1`, batchNormEpsilon)
    const affine2 = affineOfBatchNorm(parameters, `${prefix}.batchnorm2`, batchNormEpsilon)
    units.push(residualUnit(parameters, prefix, shape, affine1, affine2))
    if (i % unitsPerSkip === unitsPerSkip - 1)
      addSkip(i + 1, `residual_units.${i + 1 + Math.floor(i / unitsPerSkip)}.conv`, false)
  })

  const logitCount = layer === undefined ? parameters.host('final_conv.bias').data.length : channels
  return {
    halo,
    parts: { channelCount: channels, logitCount, halo, table, units, skips, slope },
    channelCount: Math.max(channels, logitCount),
    logitCount,
    weightBytes: (coreLength) =>
      parameters.uploadedBytes + preparedUnitBytes(backend, units, channels, coreLength + contextBases),
    activationBytes: (coreLength) =>
      4 * (2 * channels * (coreLength + contextBases) + (1 + logitCount) * coreLength + contextBases),
    forward(codes, coreLength) {
      const activations = new Activations(backend)
      const out = backend.tensor(logitCount, coreLength)
      const full = activations.tensor(channels, codes.length)
      const scratch = activations.tensor(channels, codes.length)
      ops.embedding({ out: full, codes, table })
      let x: Tensor = full
      let margin = 0 // positions of the halo that x has lost on each side
      const core = (): Tensor => view(x, { start: halo.left - margin, length: coreLength })
      const addTo = (done: number): void => {
        const skip = skips.find((s) => s.afterUnit === done)
        if (!skip) return
        const { weight, bias } = skip
        ops.linear({ out, input: core(), weight, bias, residual: done === 0 ? undefined : out })
      }
      addTo(0)
      units.forEach((unit, i) => {
        x = queueResidualUnit(ops, unit, x, scratch, slope)
        margin += unitMargin(unit)
        addTo(i + 1)
      })
      if (skips.length === 0) ops.advanceHistory({ history: out, input: core() }) // a copy: equally long
      activations.release()
      return out
    },
    explain: (coreLength) => explainUnits(backend, units, channels, coreLength + contextBases),
    release: () => parameters.release(),
  }
}

function skipOf(parameters: Parameters, name: string): { weight: Weights; bias: Weights } {
  const { data, shape } = parameters.host(`${name}.weight`) // [channels, channels, 1]
  return { weight: parameters.upload(data, shape.slice(0, 2)), bias: parameters.weights(`${name}.bias`) }
}

/** final_conv · skip as one map from channels to logits; final_conv's own bias goes into one of them. */
function foldSkip(parameters: Parameters, name: string, withFinalBias: boolean): { weight: Weights; bias: Weights } {
  const final = parameters.host('final_conv.weight').data // [rows, channels, 1]
  const finalBias = parameters.host('final_conv.bias').data
  const weight = parameters.host(`${name}.weight`).data // [channels, channels, 1]
  const bias = parameters.host(`${name}.bias`).data
  const channels = bias.length
  const rows = finalBias.length
  const folded = new Float64Array(rows * channels)
  const foldedBias = Float64Array.from({ length: rows }, (_, k) => (withFinalBias ? finalBias[k] : 0))
  for (let k = 0; k < rows; k++) {
    for (let m = 0; m < channels; m++) {
      const f = final[k * channels + m]
      foldedBias[k] += f * bias[m]
      for (let c = 0; c < channels; c++) folded[k * channels + c] += f * weight[m * channels + c]
    }
  }
  return {
    weight: parameters.upload(Float32Array.from(folded), [rows, channels]),
    bias: parameters.upload(Float32Array.from(foldedBias), [rows]),
  }
}
