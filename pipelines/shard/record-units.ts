import type { BlockPlaces, VcfPart } from '../../src/io/variants/vcf-part.ts'
import type { VcfRecord } from '../../src/io/variants/vcf-reader.ts'
import type { Surroundings } from '../variants/alleles.ts'
import { inGroups, taskCount } from '../variants/groups.ts'
import { balance } from './balance.ts'
import type { VariantShard } from './manifest.ts'

/** What an allele in a gene costs, in records that pass through. */
const taskWork = 100
/** More units are joined in pairs: memory is bounded whatever the length of the VCF. */
const mostUnits = 1 << 17

/** Records that are never divided: those that are computed together. */
export type RecordUnit = Omit<VcfPart, 'end'> & Pick<VariantShard, 'rows' | 'work'>

export interface RecordUnits {
  readonly units: readonly RecordUnit[]
  /** Unpacked bytes of the file. */
  readonly end: number
}

/** Goes through all records in the groups that `variants` computes them in. */
export async function recordUnits(
  records: AsyncIterable<VcfRecord>,
  around: Surroundings,
  places: BlockPlaces,
): Promise<RecordUnits> {
  let units: RecordUnit[] = []
  let end = 0
  for await (const group of inGroups(records, around)) {
    const [{ variant: first }, last] = [group[0], group[group.length - 1].variant]
    const tasks = group.reduce((sum, { examined }) => sum + taskCount(examined), 0)
    const { line, offset: start } = first
    if (units.length === mostUnits) units = inPairs(units)
    units.push({ line, start, block: places.at(start), rows: group.length, work: tasks * taskWork + group.length })
    end = last.offset + last.bytes.length
    for await (const piece of last.tail ?? []) end += piece.length
  }
  return { units, end }
}

function inPairs(units: readonly RecordUnit[]): RecordUnit[] {
  const pairs: RecordUnit[] = []
  for (let i = 0; i < units.length; i += 2) {
    const [first, second] = [units[i], units[i + 1]]
    pairs.push(second ? { ...first, rows: first.rows + second.rows, work: first.work + second.work } : first)
  }
  return pairs
}

/** The shards of `units`; without a VCF there are no bytes, only numbers of records. */
export function cutRecords({ units, end }: RecordUnits, shardCount: number, hasVcf: boolean): VariantShard[] {
  const ends = balance(
    units.map(({ work }) => work),
    shardCount,
  )
  const last = units.at(-1)
  const startOf = (unit: number): Omit<VcfPart, 'end'> =>
    units[unit] ?? { line: last ? last.line + last.rows : 1, start: end, block: undefined }
  return ends.map((to, id) => {
    const from = id === 0 ? 0 : ends[id - 1]
    const mine = units.slice(from, to)
    const { line, start, block } = startOf(from)
    const bytes = hasVcf ? { start, end: startOf(to).start } : { start: 0, end: 0 }
    return {
      id,
      rows: mine.reduce((sum, { rows }) => sum + rows, 0),
      work: mine.reduce((sum, { work }) => sum + work, 0),
      line,
      ...bytes,
      block: hasVcf ? block : undefined,
    }
  })
}
