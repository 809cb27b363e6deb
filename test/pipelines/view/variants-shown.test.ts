import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { scoreKindOf } from '../../../pipelines/variants/score-kinds.ts'
import { tsvWriter, variantTable } from '../../../pipelines/variants/table.ts'
import { VariantsShown } from '../../../pipelines/view/variants-shown.ts'
import type { TableColumn, TableRow } from '../../../src/io/output/table.ts'
import { encodeParquetTable } from '../../../src/io/output/write-parquet-table.ts'
import { encodeArrowTable } from '../../../src/io/output/write-table.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'

const folder = temporaryFolder()
type Scored = Parameters<ReturnType<typeof variantTable>['rows']>[0]

const variant = (position: number, alts: string[]) => ({ contig: '20', position, ref: 'A', alts })
const effects = (...scores: number[]) => ({ scores, offsets: [1, 2, 3, 4], reference: scores, alternate: scores })
const score = (alleleIndex: number, alt: string, gene: string, values: object) =>
  ({ alleleIndex, alt, gene, transcript: 'T', strand: '+', ...values }) as Scored['scores'][number]
const skipped = (alt: string) => ({ alleleIndex: 0, alt, reason: 'no-gene' }) as unknown as Scored['skipped'][number]

const splice: Scored[] = [
  {
    variant: variant(9, ['C', 'G']),
    scores: [
      score(0, 'C', 'ONE', { effects: effects(0.1, 0, 0, 0.25) }),
      score(0, 'C', 'TWO', { effects: effects(0, 0.75, 0.5, 0) }),
      score(1, 'G', 'ONE', { effects: effects(0, 0, 0, 0) }),
    ],
    skipped: [],
  },
  { variant: variant(19, ['T']), scores: [], skipped: [skipped('T')] },
] as unknown as Scored[]
const shownOfSplice = [
  { position: 9, name: 'chr20:10 A>C', score: 0.75, effect: 'acceptor loss' },
  { position: 9, name: 'chr20:10 A>G', score: 0, effect: 'acceptor gain' },
  { position: 19, name: 'chr20:20 A>T', score: undefined, effect: undefined },
]

const language: Scored[] = [
  {
    variant: variant(4, ['C']),
    scores: [score(0, 'C', '.', { likelihood: { mean: -2.5, plus: -2, minus: -3 } })],
    skipped: [],
  },
] as unknown as Scored[]

async function write(format: string, family: 'splice' | 'language', scored: readonly Scored[]): Promise<string> {
  const options = { kind: scoreKindOf({ family, tracks: [] }), isRaw: true, givesReasons: true }
  const path = join(folder.path, `${family}.${format}`)
  if (format === 'tsv') {
    const writer = tsvWriter(options)
    const pieces = [...writer.head(), ...scored.flatMap((one) => [...writer.record(one)])]
    writeFileSync(path, Buffer.concat(pieces))
    return path
  }
  const { columns, rows } = variantTable(options)
  return writeRows(format, path, columns, scored.flatMap(rows))
}

async function writeRows(
  format: string,
  path: string,
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
): Promise<string> {
  const source = async function* () {
    yield rows
  }
  const pieces: Uint8Array[] = []
  const encode = format === 'arrow' ? encodeArrowTable : encodeParquetTable
  for await (const some of encode(source(), { columns })) for (const piece of some) pieces.push(piece.slice())
  writeFileSync(path, Buffer.concat(pieces))
  return path
}

const span = { contig: 'chr20', start: 0, end: 100 }

describe.each(['tsv', 'arrow', 'parquet'])('a table of scores as %s', (format) => {
  it('the largest change of an allele over its genes; alleles without a score too', async () => {
    const path = await write(format, 'splice', splice)
    expect((await VariantsShown.open(path, ['chr20'])).in(span, 100)).toEqual(shownOfSplice)
  })

  it('log-likelihood ratios', async () => {
    const path = await write(format, 'language', language)
    const [one] = (await VariantsShown.open(path, ['chr20'])).in(span, 100)
    expect(one).toEqual({ position: 4, name: 'chr20:5 A>C', score: -2.5, effect: 'log-likelihood' })
  })

  it('what is no table of scores, or of another contig', async () => {
    const path = await write(format, 'splice', splice)
    await expect(VariantsShown.open(path, ['1'])).rejects.toThrow(/no variant on any contig.*got one of 20/)
    if (format === 'tsv') return
    const columns = [{ name: 'position', type: 'uint32', isNullable: false }] as const
    const other = await writeRows(format, join(folder.path, `other.${format}`), columns, [[1]])
    await expect(VariantsShown.open(other, ['1'])).rejects.toThrow(/no scored variants: expected columns contig/)
  })
})
