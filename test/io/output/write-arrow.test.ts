import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, describe, expect, it } from 'vitest'
import type { PredictionBatch } from '../../../src/genome.ts'
import { rowsPerRecordBatch } from '../../../src/io/output/arrow-rows.ts'
import type { OutputLayout } from '../../../src/io/output/output-layout.ts'
import { memorySink } from '../../../src/io/bytes/sink.ts'
import type { OneFileFormat } from '../../../src/io/output/formats.ts'
import { writeArrow } from '../../../src/io/output/write-outputs.ts'
import { writePredictions } from '../../../src/io/output/write-predictions.ts'
import { makeBatches, rowsExpected } from '../../support/prediction-batches.ts'
import { pythonWith } from '../../support/python.ts'

const folder = mkdtempSync(join(tmpdir(), 'genoconv-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function* stream(batches: readonly PredictionBatch[]): AsyncGenerator<PredictionBatch> {
  yield* batches
}
async function encode(
  batches: readonly PredictionBatch[],
  format: OneFileFormat,
  layout: Partial<OutputLayout> = {},
): Promise<Uint8Array> {
  const sink = memorySink()
  await writePredictions(stream(batches), format, sink, { tracks: ['x', 'y'], ...layout })
  return sink.bytes()
}
const rowsOf = (bytes: Uint8Array) =>
  tableFromIPC(bytes)
    .toArray()
    .map((row) => row.toJSON())

const several = makeBatches([
  ['one', 0, 10],
  ['two', 5, 1],
  ['two', 6, 90],
  ['one', 100, 33],
  ['three', 0, 7],
])
const names = ['one', 'two', 'three', 'unused']

describe('Arrow output', () => {
  for (const format of ['arrow', 'arrows'] as const) {
    for (const contigs of [undefined, names]) {
      it(`${format}, contigs ${contigs ? 'known' : 'not known'} beforehand: every row reads back`, async () => {
        const bytes = await encode(several, format, { contigs })
        expect(rowsOf(bytes)).toEqual(rowsExpected(several))
      })
    }
    it(`${format}: the region column`, async () => {
      const regions = ['a', 'b', 'b', 'gene c', 'd']
      expect(rowsOf(await encode(several, format, { regions, contigs: names }))).toEqual(rowsExpected(several, regions))
    })
    it(`${format}: no rows`, async () => {
      const table = tableFromIPC(await encode([], format))
      expect(table.numRows).toBe(0)
      expect(table.schema.names).toEqual(['contig', 'position', 'base', 'x', 'y'])
    })
    it(`${format}: bytes do not depend on how rows arrive`, async () => {
      const length = rowsPerRecordBatch + 1
      const whole = await encode(makeBatches([['one', 0, length]]), format)
      for (const piece of [rowsPerRecordBatch - 1, rowsPerRecordBatch + 1]) {
        const pieces = Array.from(
          { length: Math.ceil(length / piece) },
          (_, i) => ['one', i * piece, Math.min(piece, length - i * piece)] as const,
        )
        expect(Buffer.compare(await encode(makeBatches(pieces), format), whole)).toBe(0)
      }
    })
  }

  it('writes the schema and metadata of the contract; a file knows at its end what a stream did not at its start', async () => {
    let asked = 0
    const metadata = () =>
      new Map([
        ['genoconv.version', '1.2.3'],
        ['genoconv.input', `asked ${++asked} times`],
      ])
    const { schema } = tableFromIPC(await encode(several, 'arrow', { metadata, regions: ['a', 'b', 'c', 'd', 'e'] }))
    expect(schema.fields.map((f) => `${f.name}: ${f.type}${f.nullable ? '?' : ''}`)).toEqual([
      'contig: Dictionary<Int32, Utf8>',
      'position: Uint32',
      'base: Dictionary<Int8, Utf8>',
      'region: Dictionary<Int32, Utf8>',
      'x: Float32?',
      'y: Float32?',
    ])
    expect(schema.metadata.get('genoconv.version')).toBe('1.2.3')
    expect(schema.metadata.get('genoconv.input')).toBe('asked 2 times')
  })

  it('positions reach the end of uint32, a contig may be called constructor, names may be UTF-8', async () => {
    const batches = makeBatches([
      ['constructor', 4_294_967_290, 5],
      ['chrä', 0, 1],
    ])
    expect(rowsOf(await encode(batches, 'arrow')).map((r) => [r['contig'], r['position']])).toEqual(
      rowsExpected(batches).map((r) => [r.contig, r.position]),
    )
  })

  it('holds one record batch at a time however slow the sink is', async () => {
    let written = 0
    let produced = 0
    let most = 0
    const batches = (async function* () {
      for (let i = 0; i < 16; i++) {
        const [batch] = makeBatches([['one', i * rowsPerRecordBatch, rowsPerRecordBatch]])
        produced += batch.bases.length
        most = Math.max(most, produced - written / 17)
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
    await writePredictions(batches, 'arrow', sink, { tracks: ['x', 'y'] })
    expect(written).toBeGreaterThan(17 * 16 * rowsPerRecordBatch)
    expect(most).toBeLessThan(6 * rowsPerRecordBatch)
  })

  it('writeArrow takes the tracks from the first batch', async () => {
    const sink = memorySink()
    await writeArrow(stream(several), sink)
    expect(rowsOf(sink.bytes())).toEqual(rowsExpected(several))
  })

  it('a failing source reaches the caller and the sink is told to leave nothing', async () => {
    const failure = new Error('bad data')
    let aborted = 0
    const broken = (async function* () {
      yield several[0]
      throw failure
    })()
    const sink = { ...memorySink(), abort: async () => void aborted++ }
    await expect(writePredictions(broken, 'arrow', sink, { tracks: ['x', 'y'] })).rejects.toBe(failure)
    expect(aborted).toBe(1)
  })
})

const python = pythonWith('pyarrow')
describe.skipIf(!python)(
  `Arrow output in pyarrow${python ? '' : ' (skipped: no python with pyarrow; set GENOCONV_PYTHON)'}`,
  () => {
    for (const format of ['arrow', 'arrows'] as const) {
      for (const contigs of [undefined, names]) {
        it(`${format}, contigs ${contigs ? 'known' : 'not known'} beforehand: every row and null reads back, the file is valid`, async () => {
          const path = join(folder, `${contigs ? 'known' : 'unknown'}.${format}`)
          writeFileSync(
            path,
            await encode(several, format, { contigs, metadata: () => new Map([['genoconv.version', '1']]) }),
          )
          const script = `
import sys, json, pyarrow as pa, pyarrow.ipc as ipc
t = (ipc.open_file if sys.argv[1].endswith('.arrow') else ipc.open_stream)(sys.argv[1]).read_all()
t.validate(full=True)
print(json.dumps({'rows': t.to_pylist(), 'types': [str(f.type) for f in t.schema], 'meta': {k.decode(): v.decode() for k, v in t.schema.metadata.items()}, 'nulls': [c.null_count for c in t.columns]}))`
          const got = JSON.parse(execFileSync(python!, ['-c', script, path], { encoding: 'utf8' }))
          expect(got.rows).toEqual(rowsExpected(several))
          expect(got.meta).toEqual({ 'genoconv.version': '1' })
          expect(got.types).toEqual([
            'dictionary<values=string, indices=int32, ordered=0>',
            'uint32',
            'dictionary<values=string, indices=int8, ordered=0>',
            'float',
            'float',
          ])
          expect(got.nulls).toEqual([0, 0, 0, rowsExpected(several).filter((r) => r.x === null).length, 0])
        })
      }
    }
    const polars = pythonWith('polars')
    it.skipIf(!polars)(`opens in polars${polars ? '' : ' (skipped: no polars)'}`, async () => {
      for (const contigs of [undefined, names]) {
        const path = join(folder, 'polars.arrow')
        writeFileSync(path, await encode(several, 'arrow', { contigs }))
        const script =
          "import sys, polars as pl; t = pl.read_ipc(sys.argv[1], memory_map=False); print(t.height, t['contig'].cast(pl.String).to_list()[-1], t['x'].null_count())"
        expect(execFileSync(polars!, ['-c', script, path], { encoding: 'utf8' }).trim()).toBe(
          `141 three ${rowsExpected(several).filter((r) => r.x === null).length}`,
        )
      }
    })
  },
)
