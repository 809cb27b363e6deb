/** Published models that genoconv runs and does not ship. */
export interface KnownModel {
  /** What `--model` takes: a repo id; for files that are fetched by hand, their name there. */
  readonly name: string
  readonly description: string
  readonly licence: string
  /** Of the weights file, computed from the architecture, tables included. */
  readonly weightsBytes: number
  /** Where it comes from: `pull` for repo ids, else an address to fetch the file from. */
  readonly source: 'pull' | string
}

interface HyenaSize {
  readonly name: string
  readonly width: number
  readonly layers: number
  readonly length: number
}

const hyenaSizes: readonly HyenaSize[] = [
  { name: 'tiny-1k-seqlen', width: 128, layers: 2, length: 1024 },
  { name: 'tiny-1k-seqlen-d256', width: 256, layers: 2, length: 1024 },
  { name: 'tiny-16k-seqlen-d128', width: 128, layers: 2, length: 16_384 },
  { name: 'small-32k-seqlen', width: 256, layers: 4, length: 32_768 },
  { name: 'medium-160k-seqlen', width: 256, layers: 8, length: 160_000 },
  { name: 'medium-450k-seqlen', width: 256, layers: 8, length: 450_000 },
  { name: 'large-1m-seqlen', width: 256, layers: 8, length: 1_000_000 },
]

/** f32 parameters of a released HyenaDNA, with the position tables that each layer's file holds (5 + 1 values a tap). */
function hyenaBytes({ width: d, layers, length }: HyenaSize): number {
  const dense = (inputs: number, outputs: number): number => inputs * outputs + outputs
  const filterMlp = dense(5, 64) + 2 * dense(64, 64) + 64 * d + 64 + 2 * d
  const layer =
    dense(d, 3 * d) + dense(d, d) + 4 * 3 * d + dense(d, 4 * d) + dense(4 * d, d) + 4 * d + filterMlp + 6 * (length + 2)
  return 4 * (2 * 16 * d + 2 * d + layers * layer)
}

const openSpliceContexts = [
  { context: 80, weightsBytes: 0.4e6 },
  { context: 400, weightsBytes: 0.8e6 },
  { context: 2000, weightsBytes: 1.5e6 },
  { context: 10_000, weightsBytes: 2.9e6 },
]

export const knownModels: readonly KnownModel[] = [
  ...hyenaSizes.map((size) => ({
    name: `LongSafari/hyenadna-${size.name}-hf`,
    source: 'pull',
    licence: 'BSD-3-Clause',
    weightsBytes: hyenaBytes(size),
    description: `HyenaDNA language model, ${size.layers} layers of ${size.width} channels, filters of ${(size.length + 2).toLocaleString('en')} taps`,
  })),
  ...openSpliceContexts.map(({ context, weightsBytes }) => ({
    name: `model_${context}nt_rs10.pt`,
    source: 'https://github.com/Kuanhao-Chao/OpenSpliceAI',
    licence: 'GPL-3.0',
    weightsBytes,
    description: `OpenSpliceAI splice sites, ${context.toLocaleString('en')} bases of context; five seeds (rs10 to rs14) make an ensemble`,
  })),
]
