import { basename } from 'node:path'
import type { Contig, Genome } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { version } from './version.ts'
import type { PredictOptions } from '../predict/options.ts'

/** Options that change the numbers, apart from the model itself. */
export interface NumberOptions {
  readonly filterLength?: number
  readonly frequencySparsity: number
}

/** The schema metadata: what was run, on what, with which parameters. */
export function runMetadata(run: {
  model: Model
  genomes: readonly Genome[]
  contigs: readonly Contig[]
  options: PredictOptions
  args: NumberOptions
}): ReadonlyMap<string, string> {
  const { model, genomes, contigs, options, args } = run
  const { left, right } = model.info.receptiveField
  const parameters = {
    tracks: options.tracks,
    strand: options.strand ?? (options.regions ? 'of each region' : '+'),
    context: options.context ?? (left + right <= 100_000 ? 'full' : 'none'),
    precision: model.backend.precision,
    filterLength: args.filterLength ?? null,
    frequencySparsity: args.frequencySparsity,
  }
  const input = {
    files: genomes.map(({ name, byteCount }) => ({ name: basename(name), bytes: byteCount ?? null })),
    contigs: contigs.map(({ name, length }) => ({ name, length })),
  }
  return new Map([
    ['genoconv.version', version()],
    ['genoconv.model', model.info.name],
    ['genoconv.model_sha256', model.info.sha256],
    ['genoconv.device', model.backend.description],
    ['genoconv.parameters', JSON.stringify(parameters)],
    ['genoconv.input', JSON.stringify(input)],
  ])
}
