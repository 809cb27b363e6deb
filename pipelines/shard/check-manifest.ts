import { FormatError } from '../../src/errors.ts'
import type { Contig, Region } from '../../src/genome.ts'
import { rowsOf } from '../embed/options.ts'
import { pools } from '../embed/pool.ts'
import { isInfoId, mostDigits } from '../run/variants-request.ts'
import type { JsonValue, Reader } from './json-value.ts'
import {
  type AnyManifest,
  type EmbedShardManifest,
  type ModelSource,
  manifestFormat,
  mostThreads,
  type PlannedFile,
  type PlannedShard,
  rowsIn,
  type SequenceManifest,
  type ShardManifest,
  type VariantShard,
  type VariantShardManifest,
} from './manifest.ts'

/**
 * A manifest with every field checked by type and range, in canonical order, from JSON that may say anything.
 *
 * @throws FormatError that names the field
 */
export function readFields(value: JsonValue): AnyManifest {
  const work = value.has('work') ? (value.value as { work: unknown }).work : undefined
  if (work === 'variants')
    return value.object<VariantShardManifest>({
      ...headReaders,
      work: (field) => field.oneOf('variants'),
      options: (field) => field.object<VariantShardManifest['options']>(variantOptionReaders),
      scores: (field) =>
        field.object<VariantShardManifest['scores']>({
          family: (family) => family.oneOf('splice', 'language'),
          tracks: (tracks) => some(tracks, (track) => track.name()),
        }),
      holds: (field) => field.oneOf('vcf', 'table'),
      regions: (field) => field.list(readRegion),
      shards: (field) => some(field, readVariantShard),
    })
  if (work === 'embed')
    return value.object<EmbedShardManifest>({
      ...headReaders,
      work: (field) => field.oneOf('embed'),
      options: (field) => field.object<EmbedShardManifest['options']>(embedOptionReaders),
      ...placesReaders,
    })
  return value.object<ShardManifest>({
    ...headReaders,
    work: (field) => (field.value === 'predict' ? 'predict' : field.fail('predict, embed or variants')),
    options: (field) => field.object<ShardManifest['options']>(predictOptionReaders),
    hasRegionColumn: (field) => field.boolean(),
    ...placesReaders,
  })
}

const headReaders = {
  format: (field: JsonValue) => field.oneOf(manifestFormat),
  planSha256: (field: JsonValue) => field.sha256(),
  version: (field: JsonValue) => field.name(),
  command: (field: JsonValue) => field.text(),
  model: (field: JsonValue) =>
    field.object<ShardManifest['model']>({
      sources: (sources) => some(sources, readSource),
      name: (name) => name.name(),
      sha256: (sha256) => sha256.sha256(),
    }),
  files: (field: JsonValue) => some(field, readFile),
  contigs: (field: JsonValue) => field.list(readContig),
}

/** A list of at least one. */
function some<T>(value: JsonValue, read: Reader<T>): T[] {
  const list = value.list(read)
  return list.length > 0 ? list : value.fail('at least one')
}

const readSource: Reader<ModelSource> = (source) =>
  source.has('path')
    ? source.object({ path: (field) => field.name() })
    : source.object({ spec: (field) => field.name() })

type Readers<T> = { readonly [K in keyof T]-?: Reader<T[K]> }

const sequenceOptionReaders: Readers<Omit<ShardManifest['options'], 'tracks'>> = {
  strand: (field) => field.optional((strand) => strand.oneOf('+', '-', 'both')),
  context: (field) =>
    field.optional((context) => (typeof context.value === 'number' ? context.whole(0) : context.oneOf('full', 'none'))),
  chunk: (field) => field.optional((chunk) => chunk.whole(1)),
  filterLength: (field) => field.optional((length) => length.whole(1)),
  frequencySparsity: (field) => field.number(0, 1),
  packsPerGroup: (field) => field.whole(1),
  ...machineReaders(),
}

const predictOptionReaders: Readers<ShardManifest['options']> = {
  ...sequenceOptionReaders,
  tracks: (field) => some(field, (track) => track.name()),
}

const embedOptionReaders: Readers<EmbedShardManifest['options']> = {
  ...sequenceOptionReaders,
  embedding: (field) =>
    field.object<EmbedShardManifest['options']['embedding']>({
      layer: (layer) => layer.whole(-1),
      pool: (pool) => pool.oneOf(...pools),
    }),
}

function machineReaders() {
  return {
    precision: (field: JsonValue) => field.oneOf('f32', 'f16'),
    memory: (field: JsonValue) => field.whole(1),
    threads: (field: JsonValue) => field.whole(1, mostThreads),
  }
}

const variantOptionReaders: Readers<VariantShardManifest['options']> = {
  isGeneless: (field) => field.boolean(),
  transcripts: (field) =>
    typeof field.value === 'string' ? field.oneOf('canonical', 'all') : field.list((id) => id.name()),
  distance: (field) => field.whole(1),
  context: (field) => field.optional((context) => context.whole(1)),
  mask: (field) => field.optional((mask) => mask.oneOf('boundary', 'sites')),
  mnv: (field) => field.oneOf('scores', 'dots'),
  normalize: (field) => field.oneOf('asis', 'left', 'trim'),
  raw: (field) => field.boolean(),
  digits: (field) => field.whole(1, mostDigits),
  infoId: (field) => (isInfoId(field.name()) ? field.name() : field.fail('letters, digits, _ and .')),
  replace: (field) => field.boolean(),
  givesReasons: (field) => field.boolean(),
  onBadRecord: (field) => field.oneOf('error', 'keep'),
  everySnv: (field) => field.boolean(),
  everyIndel: (field) => field.boolean(),
  ...machineReaders(),
}

const readFile: Reader<PlannedFile> = (file) =>
  file.object<PlannedFile>({
    path: (field) => field.name(),
    role: (field) => field.oneOf('fasta', 'index', 'regions', 'variants', 'genes'),
    bytes: (field) => field.whole(0),
    sha256: (field) => field.sha256(),
  })

const readContig: Reader<Contig> = (contig) =>
  contig.object<Contig>({ name: (field) => field.text(), length: (field) => field.whole(0) })

const readShard: Reader<PlannedShard> = (shard) =>
  shard.object<PlannedShard>({
    id: (field) => field.whole(0),
    rows: (field) => field.whole(0),
    bases: (field) => field.whole(0),
    regions: (field) => field.list(readRegion),
  })

const placesReaders = {
  targets: (field: JsonValue) => field.oneOf('records', 'regions'),
  shards: (field: JsonValue) => some(field, readShard),
}

const readVariantShard: Reader<VariantShard> = (shard) =>
  shard.object<VariantShard>({
    id: (field) => field.whole(0),
    rows: (field) => field.whole(0),
    work: (field) => field.whole(0),
    line: (field) => field.whole(1),
    start: (field) => field.whole(0),
    end: (field) => field.whole(0),
    block: (field) =>
      field.optional((block) =>
        block.object<NonNullable<VariantShard['block']>>({
          compressedOffset: (offset) => offset.whole(0),
          dataOffset: (offset) => offset.whole(0),
        }),
      ),
  })

const regionReaders: Readers<Region> = {
  contig: (field) => field.text(),
  start: (field) => field.whole(0),
  end: (field) => field.whole(1),
  name: (field) => field.optional((name) => name.text()),
  strand: (field) => field.optional((strand) => strand.oneOf('+', '-')),
}
const readRegion: Reader<Region> = (region) => region.object<Region>(regionReaders)

/**
 * Whether the parts of a manifest fit each other: shards 0 to N-1, regions inside their contigs, rows that are those of
 * the regions, records that follow each other, a FASTA.
 *
 * @throws FormatError that names the field
 */
export function checkConsistency(path: string, manifest: AnyManifest): void {
  const { files, contigs, shards } = manifest
  const bad: Bad = (field, expected, got) =>
    new FormatError({ where: `${path} ${field}`, what: 'bad value', expected, got: `${got}`, remedy: 'plan again' })
  if (!files.some(({ role }) => role === 'fasta')) throw bad('files', 'a FASTA', 'none')
  const lengths = new Map<string, number>()
  for (const [i, { name, length }] of contigs.entries()) {
    if (lengths.has(name)) throw bad(`contigs[${i}].name`, 'each name once', name)
    lengths.set(name, length)
  }
  for (const [i, { id }] of shards.entries()) if (id !== i) throw bad(`shards[${i}].id`, `${i}`, id)
  if (manifest.work === 'variants') {
    checkRegions('regions', manifest.regions, lengths, bad)
    checkRecords(manifest, bad)
    return
  }
  checkPlaces(manifest, lengths, bad)
}

/** Whether rows are those of the regions; what is pooled is whole. */
function checkPlaces(manifest: SequenceManifest, lengths: ReadonlyMap<string, number>, bad: Bad): void {
  const isRecords = manifest.targets === 'records'
  if (manifest.work === 'predict' && manifest.hasRegionColumn && isRecords)
    throw bad('hasRegionColumn', 'false for whole records', 'true')
  const embedding = manifest.work === 'embed' ? manifest.options.embedding : undefined
  const isPooled = embedding !== undefined && rowsOf(embedding) === 'regions'
  for (const [i, { rows, regions }] of manifest.shards.entries()) {
    checkRegions(`shards[${i}].regions`, regions, lengths, bad)
    const expected = rowsIn(regions, embedding)
    if (rows !== expected)
      throw bad(`shards[${i}].rows`, `${expected}, the ${isPooled ? 'number' : 'bases'} of its regions`, rows)
    if (!isPooled || !isRecords) continue
    const cut = regions.findIndex(({ contig, start, end }) => start > 0 || end < lengths.get(contig)!)
    if (cut >= 0) {
      const { contig, start, end } = regions[cut]
      const what = `0 to ${lengths.get(contig)}, all of ${contig}, which is pooled`
      throw bad(`shards[${i}].regions[${cut}]`, what, `${start} to ${end}`)
    }
  }
}

type Bad = (field: string, expected: string, got: string | number) => FormatError

function checkRegions(list: string, regions: readonly Region[], lengths: ReadonlyMap<string, number>, bad: Bad): void {
  for (const [k, { contig, start, end }] of regions.entries()) {
    const field = `${list}[${k}]`
    const length = lengths.get(contig)
    if (length === undefined) throw bad(`${field}.contig`, 'a name of contigs', contig.slice(0, 60))
    if (end > length) throw bad(`${field}.end`, `at most ${length}, the length of ${contig}`, end)
    if (start >= end) throw bad(`${field}.start`, `less than its end, ${end}`, start)
  }
}

/** Whether each shard begins where the one before ends, and what is scored is a VCF, or the changes of regions. */
function checkRecords({ files, options, regions, shards }: VariantShardManifest, bad: Bad): void {
  const count = (role: string): number => files.filter((file) => file.role === role).length
  for (const role of ['fasta', 'variants', 'genes'])
    if (count(role) > 1) throw bad('files', `one with the role ${role}`, count(role))
  const hasVcf = count('variants') === 1
  const isMade = options.everySnv || options.everyIndel
  if (hasVcf === isMade) throw bad('options.everySnv', hasVcf ? 'false with a VCF' : 'true without a VCF', `${isMade}`)
  if (hasVcf === regions.length > 0) throw bad('regions', hasVcf ? 'none with a VCF' : 'at least one', regions.length)
  if (options.isGeneless && count('genes') > 0) throw bad('options.isGeneless', 'false with a file of genes', 'true')
  for (const [i, { line, start, end, rows, block }] of shards.entries()) {
    const before = shards[i - 1]
    const field = `shards[${i}]`
    if (before && start !== before.end) throw bad(`${field}.start`, `${before.end}, where the one before ends`, start)
    if (before && line !== before.line + before.rows)
      throw bad(`${field}.line`, `${before.line + before.rows}, after the records before`, line)
    if (end < start) throw bad(`${field}.end`, `at least its start, ${start}`, end)
    if (hasVcf ? rows > end - start : end > 0)
      throw bad(`${field}.end`, hasVcf ? `at least a byte for each of ${rows} records` : '0 without a VCF', end)
    if (block && block.dataOffset > start) throw bad(`${field}.block.dataOffset`, `at most ${start}`, block.dataOffset)
  }
}
