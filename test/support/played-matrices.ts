import type { FoundAdapter } from '../../src/kernels/webgpu/adapter.ts'
import type { MatrixShape, SubgroupMatrixConfig } from '../../src/kernels/webgpu/matrix-shape.ts'

const feature = 'chromium-experimental-subgroup-matrix'

/** The operations as Tint documents them, row-major, by one thread: left is [M][K], right [K][N], sums [M][N]. */
const played = `
alias Left = array<f16, u32(matrixM * matrixK)>;
alias Right = array<f16, u32(matrixK * matrixN)>;
alias Sums = array<f32, u32(matrixM * matrixN)>;

fn playedLeft(at: u32, stride: u32) -> Left {
  var matrix: Left;
  for (var m = 0u; m < matrixM; m++) {
    for (var k = 0u; k < matrixK; k++) {
      matrix[m * matrixK + k] = weightTile[at + m * stride + k];
    }
  }
  return matrix;
}

fn playedRight(at: u32, stride: u32) -> Right {
  var matrix: Right;
  for (var k = 0u; k < matrixK; k++) {
    for (var n = 0u; n < matrixN; n++) {
      matrix[k * matrixN + n] = inputTile[at + k * stride + n];
    }
  }
  return matrix;
}

fn playedMultiplyAccumulate(left: Left, right: Right, before: Sums) -> Sums {
  var l = left;
  var r = right;
  var sums = before;
  for (var m = 0u; m < matrixM; m++) {
    for (var n = 0u; n < matrixN; n++) {
      for (var k = 0u; k < matrixK; k++) {
        sums[m * matrixN + n] += f32(l[m * matrixK + k]) * f32(r[k * matrixN + n]);
      }
    }
  }
  return sums;
}

fn playedStore(at: u32, sums: Sums, stride: u32) {
  var matrix = sums;
  for (var m = 0u; m < matrixM; m++) {
    for (var n = 0u; n < matrixN; n++) {
      sumTile[at + m * stride + n] = matrix[m * matrixN + n];
    }
  }
}
`

function play(code: string): string {
  if (!code.includes('subgroup_matrix')) return code
  const replacements: [RegExp, string][] = [
    [/enable subgroups; enable chromium_experimental_subgroup_matrix; diagnostic\([^)]*\); /, ''],
    [/alias (Left|Right|Sums) = .*;\n/g, ''],
    [/subgroupMatrixLoad<(Left|Right), row_major>\(&\w+, /g, 'played$1('],
    [/subgroupMatrixMultiplyAccumulate\(/g, 'playedMultiplyAccumulate('],
    [/subgroupMatrixStore<row_major>\(&sumTile, /g, 'playedStore('],
  ]
  const out = replacements.reduce((text, [pattern, by]) => text.replace(pattern, by), code) + played
  if (/subgroup_?matrix(?!Tile)/i.test(out.replace(/\/\/.*/g, ''))) throw new Error('a matrix operation is not played')
  return out
}

/** The adapter, but with matrix units of one shape whose subgroups are single threads. */
export function withPlayedMatrices(found: FoundAdapter, { M, N, K }: Omit<MatrixShape, 'subgroupSize'>): FoundAdapter {
  const real = found.adapter
  const { description, device, vendor, architecture } = real.info
  const subgroupMatrixConfigs: SubgroupMatrixConfig[] = [{ componentType: 'f16', resultComponentType: 'f32', M, N, K }]
  const features = new Set<string>([...real.features, feature])
  const adapter = {
    limits: real.limits,
    features,
    info: {
      description,
      device,
      vendor,
      architecture,
      isFallbackAdapter: true,
      subgroupMinSize: 1,
      subgroupMaxSize: 1,
      subgroupMatrixConfigs,
    },
    async requestDevice(descriptor: GPUDeviceDescriptor) {
      const requiredFeatures = [...(descriptor.requiredFeatures ?? [])].filter((name) => (name as string) !== feature)
      const opened = await real.requestDevice({ ...descriptor, requiredFeatures })
      const createShaderModule = opened.createShaderModule.bind(opened)
      Object.defineProperty(opened, 'features', { value: new Set([...opened.features, feature]) })
      opened.createShaderModule = (shader) => createShaderModule({ ...shader, code: play(shader.code) })
      return opened
    },
  }
  return { ...found, adapter: adapter as unknown as GPUAdapter }
}
