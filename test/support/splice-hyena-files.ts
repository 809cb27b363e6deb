import { type FileTensor, f32Tensor } from './safetensors-file.ts'

/** A tiny model of our own architecture: its config.json and tensors, one block of each kind, values a ramp. */
export function spliceHyenaFiles(): {
  config: { model_type: string; d_model: number; stem_width: number; blocks: object[]; tracks: string[] }
  tensors: Record<string, FileTensor>
} {
  const d = 4
  const config = {
    model_type: 'genoconv-splice',
    d_model: d,
    stem_width: 5,
    tracks: ['neither', 'acceptor', 'donor'],
    blocks: [
      { type: 'conv', width: 3, dilation: 2 },
      { type: 'hyena', taps: 9, short_taps: 3 },
      { type: 'mlp', hidden: 8 },
    ],
  }
  const shapes: Record<string, number[]> = {
    'stem.weight': [d, 4, 5],
    'stem.bias': [d],
    'blocks.0.aff1.scale': [d],
    'blocks.0.aff1.shift': [d],
    'blocks.0.aff2.scale': [d],
    'blocks.0.aff2.shift': [d],
    'blocks.0.conv1.weight': [d, d, 3],
    'blocks.0.conv1.bias': [d],
    'blocks.0.conv2.weight': [d, d, 3],
    'blocks.0.conv2.bias': [d],
    'blocks.1.norm.weight': [d],
    'blocks.1.norm.bias': [d],
    'blocks.1.in_proj.weight': [3 * d, d],
    'blocks.1.in_proj.bias': [3 * d],
    'blocks.1.short.weight': [3 * d, 3],
    'blocks.1.short.bias': [3 * d],
    'blocks.1.filter': [d, 9],
    'blocks.1.D': [d],
    'blocks.1.out_proj.weight': [d, d],
    'blocks.1.out_proj.bias': [d],
    'blocks.2.norm.weight': [d],
    'blocks.2.norm.bias': [d],
    'blocks.2.fc1.weight': [8, d],
    'blocks.2.fc1.bias': [8],
    'blocks.2.fc2.weight': [d, 8],
    'blocks.2.fc2.bias': [d],
    'norm.weight': [d],
    'norm.bias': [d],
    'head.weight': [3, d],
    'head.bias': [3],
  }
  let next = 0
  const tensors = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const count = shape.reduce((a, b) => a * b, 1)
      return [
        name,
        f32Tensor(
          shape,
          Array.from({ length: count }, () => Math.sin(next++) / 4),
        ),
      ]
    }),
  )
  return { config, tensors }
}
