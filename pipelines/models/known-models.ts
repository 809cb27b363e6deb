import { join } from 'node:path'
import { type PublishedModel, readPublishedModels } from '../../src/io/hub/published.ts'
import { shippedModelsFolder } from './shipped-models.ts'

/** Published models that genoconv runs and does not ship. */
export interface KnownModel {
  /** What `--model` takes: a repo id, or the name of published weights. */
  readonly name: string
  readonly description: string
  readonly licence: string
  /** Of the weights: of repositories computed from the architecture, tables included. */
  readonly weightsBytes: number
}

interface HyenaSize {
  readonly name: string
  readonly width: number
  readonly layers: number
  readonly length: number
}

/** HyenaDNA as it was released: channels, layers, bases that it was trained on. */
export const hyenaSizes: readonly HyenaSize[] = [
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

const hyenaModels: readonly KnownModel[] = hyenaSizes.map((size) => ({
  name: `LongSafari/hyenadna-${size.name}-hf`,
  licence: 'BSD-3-Clause',
  weightsBytes: hyenaBytes(size),
  description: `HyenaDNA language model, ${size.layers} layers of ${size.width} channels, filters of ${(size.length + 2).toLocaleString('en')} taps`,
}))

/** Weights on GitHub, as `models/known-weights.tsv` of the package has them. */
export const publishedModels = (): Promise<PublishedModel[]> =>
  (published ??= readPublishedModels(join(shippedModelsFolder(), 'known-weights.tsv')))
let published: Promise<PublishedModel[]> | undefined

/** Published weights by name, e.g. `openspliceai-10000`. */
export const publishedModel = async (name: string): Promise<PublishedModel | undefined> =>
  (await publishedModels()).find((model) => model.name === name)

/** Every model that can be pulled. */
export const knownModels = async (): Promise<KnownModel[]> => [
  ...hyenaModels,
  ...(await publishedModels()).map(({ name, licence, files }) => ({
    name,
    licence,
    weightsBytes: files.reduce((sum, { byteCount }) => sum + byteCount, 0),
    description: describePublished(name, files.length),
  })),
]

function describePublished(name: string, fileCount: number): string {
  if (name === 'pangolin') return `Pangolin splice sites in heart, liver, brain and testis, ${fileCount} networks`
  if (name === 'spliceai') return `SpliceAI splice sites, 10,000 bases of context, ensemble of ${fileCount}`
  const [, species = 'human', context] = /^openspliceai-(?:([a-z]+)-)?(\d+)$/.exec(name) ?? []
  return `OpenSpliceAI splice sites (${species}), ${Number(context).toLocaleString('en')} bases of context, ensemble of ${fileCount}`
}

export const isNonCommercial = (licence: string): boolean => /-NC\b/i.test(licence)
