import type { Backend } from '../kernels/backend.ts'
import { type Tensor, view } from '../kernels/tensor.ts'
import { unitMargin } from '../model/receptive-field.ts'
import { oneHotTable } from '../model/splice/window-network.ts'
import type { Tensors, TrainableArchitecture } from './architectures.ts'
import { defaultBatchNormEpsilon, type TrainingRow, trainedUnits } from './network.ts'
import { Pass } from './pass.ts'

/**
 * Sets the affine maps of a fresh network so that, on `row`, each gives values of mean 0 and variance 1: what batch normalisation would do
 * on that batch, once and for all. Of networks with batch norms it sets the statistics, which stay fixed from then on.
 */
export async function calibrate(
  backend: Backend,
  architecture: TrainableArchitecture,
  tensors: Tensors,
  row: TrainingRow,
): Promise<void> {
  const pass = new Pass(backend, tensors, [...tensors.keys()].slice(0, 1))
  const { ops } = backend
  const set = async (prefix: string, layer: 1 | 2, values: Tensor): Promise<void> => {
    const { means, variances } = moments(await backend.read(values), values.channelCount)
    if (architecture.kind === 'openspliceai') {
      tensors.get(`${prefix}.batchnorm${layer}.running_mean`)!.data.set(means)
      tensors.get(`${prefix}.batchnorm${layer}.running_var`)!.data.set(variances)
      return
    }
    const inverses = variances.map((v) => 1 / Math.sqrt(v + defaultBatchNormEpsilon))
    tensors.get(`${prefix}.aff${layer}.scale`)!.data.set(inverses)
    tensors.get(`${prefix}.aff${layer}.shift`)!.data.set(means.map((m, c) => -m * inverses[c]))
  }
  try {
    const codes = pass.tensor(1, row.codes.length)
    backend.write(codes, row.codes)
    const oneHot = pass.tensor(4, row.codes.length)
    ops.embedding({ out: oneHot, codes, table: pass.upload(oneHotTable(), [5, 4]) })
    const first = architecture.kind === 'openspliceai' ? 'initial_conv' : 'stem'
    const [channels, , width] = tensors.get(`${first}.weight`)!.shape as [number, number, number]
    let x = pass.tensor(channels, oneHot.length - (width - 1))
    ops.dilatedConv({ out: x, input: oneHot, ...pass.layer(first), dilation: 1 })
    const slope = architecture.kind === 'openspliceai' ? architecture.slope : undefined
    for (let i = 0; i < trainedUnits(architecture, tensors).units.length; i++) {
      const unitNow = () => trainedUnits(architecture, tensors).units[i]
      const { prefix, dilation } = unitNow()
      const upload = ({ scale, shift }: { scale: Float32Array; shift: Float32Array }) => ({
        scale: pass.upload(scale, [channels]),
        shift: pass.upload(shift, [channels]),
      })
      const margin = unitMargin(unitNow())
      await set(prefix, 1, x)
      const inner = pass.tensor(channels, x.length - margin)
      const common = { dilation, slope }
      ops.dilatedConv({
        out: inner,
        input: x,
        ...pass.layer(`${prefix}.conv1`),
        before: upload(unitNow().affine1),
        ...common,
      })
      await set(prefix, 2, inner)
      const out = pass.tensor(channels, x.length - 2 * margin)
      const residual = view(x, { start: margin, length: out.length })
      const before = upload(unitNow().affine2)
      ops.dilatedConv({ out, input: inner, ...pass.layer(`${prefix}.conv2`), before, residual, ...common })
      await backend.flush()
      pass.free(inner)
      pass.free(x)
      x = out
    }
  } finally {
    pass.release()
  }
}

function moments(values: Float32Array, channels: number): { means: Float64Array; variances: Float64Array } {
  const length = values.length / channels
  const means = new Float64Array(channels)
  const variances = new Float64Array(channels)
  for (let c = 0; c < channels; c++) {
    const row = values.subarray(c * length, (c + 1) * length)
    means[c] = row.reduce((sum, v) => sum + v, 0) / length
    variances[c] = row.reduce((sum, v) => sum + (v - means[c]) ** 2, 0) / length
  }
  return { means, variances }
}
