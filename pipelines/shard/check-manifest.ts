import { FormatError } from '../../src/errors.ts'
import type { Contig, Region } from '../../src/genome.ts'
import type { JsonValue, Reader } from './json-value.ts'
import {
  type ModelSource,
  manifestFormat,
  mostThreads,
  type PlannedFile,
  type PlannedShard,
  type ShardManifest,
} from './manifest.ts'

/**
 * A manifest with every field checked by type and range, in canonical order, from JSON that may say anything.
 *
 * @throws FormatError that names the field
 */
export const readFields = (value: JsonValue): ShardManifest =>
  value.object<ShardManifest>({
    format: (field) => field.oneOf(manifestFormat),
    planSha256: (field) => field.sha256(),
    version: (field) => field.name(),
    command: (field) => field.text(),
    model: (field) =>
      field.object<ShardManifest['model']>({
        sources: (sources) => some(sources, readSource),
        name: (name) => name.name(),
        sha256: (sha256) => sha256.sha256(),
      }),
    options: (field) => field.object<ShardManifest['options']>(optionReaders),
    files: (field) => some(field, readFile),
    contigs: (field) => field.list(readContig),
    targets: (field) => field.oneOf('records', 'regions'),
    hasRegionColumn: (field) => field.boolean(),
    shards: (field) => some(field, readShard),
  })

/** A list of at least one. */
function some<T>(value: JsonValue, read: Reader<T>): T[] {
  const list = value.list(read)
  return list.length > 0 ? list : value.fail('at least one')
}

const readSource: Reader<ModelSource> = (source) =>
  source.has('path')
    ? source.object({ path: (field) => field.name() })
    : source.object({ spec: (field) => field.name() })

const optionReaders: { readonly [K in keyof ShardManifest['options']]-?: Reader<ShardManifest['options'][K]> } = {
  strand: (field) => field.optional((strand) => strand.oneOf('+', '-', 'both')),
  context: (field) =>
    field.optional((context) => (typeof context.value === 'number' ? context.whole(0) : context.oneOf('full', 'none'))),
  tracks: (field) => some(field, (track) => track.name()),
  chunk: (field) => field.optional((chunk) => chunk.whole(1)),
  filterLength: (field) => field.optional((length) => length.whole(1)),
  frequencySparsity: (field) => field.number(0, 1),
  packsPerGroup: (field) => field.whole(1),
  precision: (field) => field.oneOf('f32', 'f16'),
  memory: (field) => field.whole(1),
  threads: (field) => field.whole(1, mostThreads),
}

const readFile: Reader<PlannedFile> = (file) =>
  file.object<PlannedFile>({
    path: (field) => field.name(),
    role: (field) => field.oneOf('fasta', 'index', 'regions'),
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

const regionReaders: { readonly [K in keyof Region]-?: Reader<Region[K]> } = {
  contig: (field) => field.text(),
  start: (field) => field.whole(0),
  end: (field) => field.whole(1),
  name: (field) => field.optional((name) => name.text()),
  strand: (field) => field.optional((strand) => strand.oneOf('+', '-')),
}
const readRegion: Reader<Region> = (region) => region.object<Region>(regionReaders)

/**
 * Whether the parts of a manifest fit each other: shards 0 to N-1, regions inside their contigs, rows that are those of
 * the regions, a FASTA.
 *
 * @throws FormatError that names the field
 */
export function checkConsistency(
  path: string,
  { files, contigs, targets, hasRegionColumn, shards }: ShardManifest,
): void {
  const bad = (field: string, expected: string, got: string | number): FormatError =>
    new FormatError({ where: `${path} ${field}`, what: 'bad value', expected, got: `${got}`, remedy: 'plan again' })
  if (!files.some(({ role }) => role === 'fasta')) throw bad('files', 'a FASTA', 'none')
  if (hasRegionColumn && targets === 'records') throw bad('hasRegionColumn', 'false for whole records', 'true')
  const lengths = new Map<string, number>()
  for (const [i, { name, length }] of contigs.entries()) {
    if (lengths.has(name)) throw bad(`contigs[${i}].name`, 'each name once', name)
    lengths.set(name, length)
  }
  for (const [i, { id, rows, regions }] of shards.entries()) {
    if (id !== i) throw bad(`shards[${i}].id`, `${i}`, id)
    let bases = 0
    for (const [k, { contig, start, end }] of regions.entries()) {
      const field = `shards[${i}].regions[${k}]`
      const length = lengths.get(contig)
      if (length === undefined) throw bad(`${field}.contig`, 'a name of contigs', contig.slice(0, 60))
      if (end > length) throw bad(`${field}.end`, `at most ${length}, the length of ${contig}`, end)
      if (start >= end) throw bad(`${field}.start`, `less than its end, ${end}`, start)
      bases += end - start
    }
    if (rows !== bases) throw bad(`shards[${i}].rows`, `${bases}, the bases of its regions`, rows)
  }
}
