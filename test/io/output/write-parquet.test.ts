import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { memorySink, writeArrow, writeParquet, type WriteOptions } from '../../../src/index.ts'
import type { PredictionBatch } from '../../../src/genome.ts'
import { rowsPerRecordBatch } from '../../../src/io/output/arrow-rows.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'
import { makeBatches, rowsExpected } from '../../support/prediction-batches.ts'
import { pythonWith } from '../../support/python.ts'

const folder = temporaryFolder()

async function encode(
  write: typeof writeParquet,
  batches: readonly PredictionBatch[],
  options: WriteOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const sink = memorySink()
  const stream = async function* (): AsyncGenerator<PredictionBatch> {
    yield* batches
  }
  await write(stream(), sink, { tracks: ['x', 'y'], ...options })
  return sink.bytes() as Uint8Array<ArrayBuffer>
}

const rowsOf = (bytes: Uint8Array<ArrayBuffer>) => parquetReadObjects({ file: bytes.buffer })

/** Out of order, one contig twice, letters beyond ACGT, values missing. */
const several = makeBatches([
  ['two', 5, 1],
  ['two', 6, 90],
  ['one', 100, 33],
  ['one', 0, 10],
  ['three', 0, 7],
])
const metadata = () =>
  new Map([
    ['genoconv.version', '1.2.3'],
    ['genoconv.model', 'splice'],
  ])

describe('Parquet', () => {
  it('every row and every missing value reads back', async () => {
    expect(await rowsOf(await encode(writeParquet, several))).toEqual(rowsExpected(several))
  })

  it('the region column', async () => {
    const regions = ['a', 'b', 'b', 'gene c', '<b>d']
    expect(await rowsOf(await encode(writeParquet, several, { regions }))).toEqual(rowsExpected(several, regions))
  })

  it('no rows', async () => {
    const bytes = await encode(writeParquet, [])
    expect(await rowsOf(bytes)).toEqual([])
    expect(parquetMetadata(bytes.buffer).schema.map(({ name }) => name)).toEqual([
      'schema',
      'contig',
      'position',
      'base',
      'x',
      'y',
    ])
  })

  it('values are those of the Arrow file, bit for bit, over several row groups', async () => {
    const length = 2 * rowsPerRecordBatch + 11
    const values = new Float32Array(length)
    const bits = new Uint32Array(values.buffer)
    for (let i = 0; i < length; i++) bits[i] = Math.imul(i, 2654435761) >>> 1 // denormals, infinities and NaN among them
    const batches: PredictionBatch[] = makeBatches([['one', 7, length]]).map((batch) => ({
      ...batch,
      tracks: { ...batch.tracks, y: values },
    }))
    const table = tableFromIPC(await encode(writeArrow, batches))
    const bytes = await encode(writeParquet, batches)
    const rows = await rowsOf(bytes)
    expect(parquetMetadata(bytes.buffer).row_groups).toHaveLength(3)
    expect(rows).toHaveLength(length)
    for (const name of ['contig', 'position', 'base', 'x', 'y']) {
      const column = table.getChild(name)!
      const different = rows.findIndex((row, i) => !Object.is(row[name], column.get(i)))
      expect([name, different]).toEqual([name, -1])
    }
  })

  it('positions reach the end of uint32; a contig may be called constructor, names may be UTF-8', async () => {
    const batches = makeBatches([
      ['constructor', 4_294_967_290, 5],
      ['chrä', 0, 1],
    ])
    const bytes = await encode(writeParquet, batches)
    expect((await rowsOf(bytes)).map((row) => [row['contig'], row['position']])).toEqual(
      rowsExpected(batches).map((row) => [row.contig, row.position]),
    )
  })

  it('row groups say which contigs and positions they hold, by whole names', async () => {
    const long = `${'scaffold_'.repeat(9)}1`
    const bytes = await encode(
      writeParquet,
      makeBatches([
        ['chr1', 10, rowsPerRecordBatch],
        [long, 500, 20],
      ]),
    )
    const statistics = parquetMetadata(bytes.buffer).row_groups.map(({ columns }) =>
      [0, 1].map((i) => {
        const { min_value, max_value } = columns[i].meta_data!.statistics!
        return [min_value, max_value]
      }),
    )
    expect(statistics).toEqual([
      [
        ['chr1', 'chr1'],
        [10, 9 + rowsPerRecordBatch],
      ],
      [
        [long, long],
        [500, 519],
      ],
    ])
  })

  it('metadata as in Arrow, asked for at the end', async () => {
    let rows = 0
    const batches = makeBatches([['one', 0, 5]])
    const counted = () => new Map([...metadata(), ['genoconv.rows', String(rows)]])
    const sink = memorySink()
    const stream = async function* (): AsyncGenerator<PredictionBatch> {
      for (const batch of batches) {
        rows += batch.bases.length
        yield batch
      }
    }
    await writeParquet(stream(), sink, { metadata: counted })
    const pairs = parquetMetadata(sink.bytes().buffer as ArrayBuffer).key_value_metadata!
    const found = new Map(pairs.map(({ key, value }) => [key, value]))
    expect(Object.fromEntries([...found].filter(([key]) => key.startsWith('genoconv')))).toEqual({
      'genoconv.version': '1.2.3',
      'genoconv.model': 'splice',
      'genoconv.rows': '5',
    })
  })

  it('holds one row group at a time however slow the sink is', async () => {
    let written = 0
    let produced = 0
    let most = 0
    const batches = (async function* () {
      for (let i = 0; i < 8; i++) {
        const [batch] = makeBatches([['one', i * rowsPerRecordBatch, rowsPerRecordBatch]])
        produced += batch.bases.length
        most = Math.max(most, produced - written / 8)
        yield batch
      }
    })()
    const sink = {
      async write(chunks: readonly Uint8Array[]) {
        await new Promise((resolve) => setTimeout(resolve, 2))
        for (const chunk of chunks) written += chunk.byteLength
      },
      async finish() {},
      async abort() {},
    }
    await writeParquet(batches, sink)
    expect(written).toBeGreaterThan(7 * 8 * rowsPerRecordBatch)
    expect(most).toBeLessThan(6 * rowsPerRecordBatch)
  })
})

const readers = {
  pyarrow: `
import sys, json, pyarrow.parquet as pq
t = pq.read_table(sys.argv[1]); t.validate(full=True)
some = pq.read_table(sys.argv[1], filters=[('contig', '=', 'one'), ('position', '>=', 100)])
print(json.dumps({'rows': t.to_pylist(), 'types': [str(f.type) for f in t.schema], 'some': some.num_rows,
  'metadata': {k.decode(): v.decode() for k, v in t.schema.metadata.items()}}))`,
  polars: `
import sys, json, polars as pl
t = pl.read_parquet(sys.argv[1])
some = pl.scan_parquet(sys.argv[1]).filter((pl.col('contig').cast(pl.String) == 'one') & (pl.col('position') >= 100)).collect()
print(json.dumps({'rows': t.with_columns(pl.col('contig', 'base').cast(pl.String)).to_dicts(), 'some': some.height}))`,
  duckdb: `
import sys, json, duckdb
columns = ['contig', 'position', 'base', 'x', 'y']
rows = duckdb.sql(f"select {', '.join(columns)} from '{sys.argv[1]}'").fetchall()
some = duckdb.sql(f"select count(*) from '{sys.argv[1]}' where contig = 'one' and position >= 100").fetchone()[0]
print(json.dumps({'rows': [dict(zip(columns, r)) for r in rows], 'some': some}))`,
}
describe.each(Object.entries(readers))('Parquet in %s', (module, script) => {
  const python = pythonWith(module)
  it.skipIf(!python)(`every row${python ? '' : ' (skipped: not installed; set GENOCONV_PYTHON)'}`, async () => {
    const path = join(folder.path, `${module}.parquet`)
    writeFileSync(path, await encode(writeParquet, several, { metadata }))
    const got = JSON.parse(execFileSync(python!, ['-c', script, path], { encoding: 'utf8' }))
    expect(got.rows).toEqual(rowsExpected(several))
    expect(got.some).toBe(33)
    if (module !== 'pyarrow') return
    expect(got.metadata).toEqual(Object.fromEntries(metadata()))
    expect(got.types).toEqual([
      'dictionary<values=string, indices=int32, ordered=0>',
      'uint32',
      'dictionary<values=string, indices=int8, ordered=0>',
      'float',
      'float',
    ])
  })
})
