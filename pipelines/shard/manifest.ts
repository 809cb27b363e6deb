import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { ConfigError } from '../../src/errors.ts'
import type { Contig, Region, Strand } from '../../src/genome.ts'
import type { FileHash } from '../../src/io/bytes/file-hash.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import type { VcfPart } from '../../src/io/variants/vcf-part.ts'
import { rowsOf } from '../embed/options.ts'
import { columnsOf as strandColumns } from '../predict/stretch.ts'
import { regionName } from '../run/inputs.ts'
import type { EmbeddingRequest } from '../run/request.ts'
import type { VariantsRequest } from '../run/variants-request.ts'

export const manifestFormat = 'genoconv shards, 4'
/** CPU workers that the backend takes. */
export const mostThreads = 1024

/**
 * A file that shards depend on; it is only ever read. `path` is relative to the manifest's folder, unless the user gave
 * an absolute one.
 */
export interface PlannedFile extends FileHash {
  readonly path: string
  readonly role: 'fasta' | 'index' | 'regions' | 'variants' | 'genes'
}

interface AnyShard {
  /** From 0, in the order of the output. Where the shard lies follows from it alone (`shardPath`). */
  readonly id: number
  /** Bases, pooled regions or records or, of variants, records of the VCF. */
  readonly rows: number
}

export interface PlannedShard extends AnyShard {
  /** Bases the model must see: context, and both strands, counted. What shards are balanced by. */
  readonly bases: number
  /** In the order of the output. Of a run over whole records these are parts of records. */
  readonly regions: readonly Region[]
}

/** Records that follow each other. Without a VCF `line` is the number of the first one, and there are no bytes. */
export interface VariantShard extends AnyShard, VcfPart {
  /** What shards are balanced by: mostly alleles, each counted once a gene. */
  readonly work: number
}

/** What every manifest says. */
interface ManifestHead {
  readonly format: string
  /** SHA-256 of every other field (manifest-file.ts). */
  readonly planSha256: string
  readonly version: string
  /** The command that does it as one run, for the output's metadata (pipelines/run/origin.ts). */
  readonly command: string
  readonly model: {
    /** A shipped model's name or a repo id, or a path; several are an ensemble. */
    readonly sources: readonly ModelSource[]
    /** What outputs call it. */
    readonly name: string
    readonly sha256: string
  }
  readonly files: readonly PlannedFile[]
  readonly contigs: readonly Contig[]
}

/** What every run is computed with. */
interface MachineOptions {
  readonly precision: Precision
  /** Bytes by which chunks are chosen, on every machine. */
  readonly memory: number
  /** CPU workers: how work is shared out shows in the last bits. */
  readonly threads: number
}

/** Options that say how sequence is run through a model. */
interface SequenceOptions extends MachineOptions {
  readonly strand?: Strand | 'both'
  readonly context?: number | 'full' | 'none'
  readonly chunk?: number
  readonly filterLength?: number
  readonly frequencySparsity: number
  /** How many packs of short regions or records are looked at together. */
  readonly packsPerGroup: number
}

/** What is cut by places of the sequence. */
interface PlacesManifest extends ManifestHead {
  /** `records`: shards are parts of whole records; `regions`: of the list of regions. */
  readonly targets: 'records' | 'regions'
  readonly shards: readonly PlannedShard[]
}

/** A run of `predict`, cut into jobs. All that decides a shard's bytes, but for the kind of device. */
export interface ShardManifest extends PlacesManifest {
  readonly work: 'predict'
  readonly options: SequenceOptions & { readonly tracks: readonly string[] }
  /** Whether rows say the name of their region. */
  readonly hasRegionColumn: boolean
}

/** A run of `embed`, cut into jobs. What is pooled is never cut. */
export interface EmbedShardManifest extends PlacesManifest {
  readonly work: 'embed'
  readonly options: SequenceOptions & { readonly embedding: EmbeddingRequest }
}

export type SequenceManifest = ShardManifest | EmbedShardManifest

/** Options of `variants` that decide an output's bytes. */
export type VariantShardOptions = MachineOptions &
  Pick<
    VariantsRequest,
    | 'transcripts'
    | 'distance'
    | 'context'
    | 'mask'
    | 'mnv'
    | 'normalize'
    | 'raw'
    | 'digits'
    | 'infoId'
    | 'replace'
    | 'givesReasons'
    | 'onBadRecord'
    | 'everySnv'
    | 'everyIndel'
  > & {
    /** Whether both strands are scored without genes; else genes are a file, or there are none. */
    readonly isGeneless: boolean
  }

/** A run of `variants`, cut into jobs. */
export interface VariantShardManifest extends ManifestHead {
  readonly work: 'variants'
  readonly options: VariantShardOptions
  /** What columns the scores have follows from these of the model. */
  readonly scores: { readonly family: 'splice' | 'language'; readonly tracks: readonly string[] }
  /** Shards hold a VCF, or the rows of a table. */
  readonly holds: 'vcf' | 'table'
  /** Whose every small change is scored, where there is no VCF. */
  readonly regions: readonly Region[]
  readonly shards: readonly VariantShard[]
}

export type AnyManifest = SequenceManifest | VariantShardManifest

export type ModelSource = { readonly spec: string } | { readonly path: string }

/** Where a path that is written in the manifest is. */
export const resolveBeside = (manifestPath: string, path: string): string =>
  isAbsolute(path) ? path : join(dirname(manifestPath), path)

/** How a path is written in the manifest: absolute as it is; a relative one so that the folder can be mounted elsewhere. */
export const pathBeside = (manifestPath: string, path: string): string =>
  isAbsolute(path) ? path : relative(dirname(resolve(manifestPath)), resolve(path))

/** What `loadModel` is asked for. Of a path all of it, so that it stands for nothing but a file: a repo id looks like a relative one. */
export const modelSpec = (manifestPath: string, source: ModelSource): string =>
  'spec' in source ? source.spec : resolve(resolveBeside(manifestPath, source.path))

/** A shard's file in `shards/`: nothing that a manifest says of names goes into it. */
const shardFile = (manifest: AnyManifest, id: number): string =>
  `${id}.${manifest.work === 'variants' && manifest.holds === 'vcf' ? 'vcf' : 'arrow'}`

/** A shard's name in messages: where it lies, from the manifest's folder. */
export const shardName = (manifest: AnyManifest, id: number): string => `shards/${shardFile(manifest, id)}`

/** Where shard `id` lies: always in `shards/` beside the manifest, whatever the manifest says. */
export const shardPath = (manifestPath: string, manifest: AnyManifest, id: number): string =>
  join(dirname(manifestPath), 'shards', shardFile(manifest, id))

/** Where what is known of shard `id` lies. */
export const sidecarPath = (manifestPath: string, id: number): string =>
  join(dirname(manifestPath), 'shards', `${id}.json`)

/** ConfigError for a number that no shard has. */
export function checkId({ shards }: AnyManifest, id: number): void {
  if (shards[id]) return
  throw new ConfigError({
    where: `shard ${id}`,
    what: 'there is no such shard',
    expected: `0 to ${shards.length - 1}`,
    got: `${id}`,
  })
}

/** Regions of all shards, in the order of the output. */
export const allRegions = ({ shards }: SequenceManifest): Region[] => shards.flatMap(({ regions }) => regions)

/** What rows of `regions`, some of the manifest's, say their regions are called; undefined where they do not say it. */
export function regionNames(manifest: SequenceManifest, regions: readonly Region[]): string[] | undefined {
  const isNamed = manifest.work === 'predict' ? manifest.hasRegionColumn : manifest.targets === 'regions'
  return isNamed ? regions.map(regionName) : undefined
}

export const basesIn = (regions: readonly Region[]): number =>
  regions.reduce((sum, { start, end }) => sum + end - start, 0)

/** Rows that `regions` have in the output: one for each base or, pooled, one for each region. */
export const rowsIn = (regions: readonly Region[], embedding: EmbeddingRequest | undefined): number =>
  embedding && rowsOf(embedding) === 'regions' ? regions.length : basesIn(regions)

/** The columns of values, in the order of the output. */
export const columnsOf = ({ options: { strand, tracks } }: ShardManifest): readonly string[] =>
  strandColumns(tracks, strand)
