import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseEmbedding, embed } from '../../../pipelines/cli/embed-handler.ts'
import { parsePredictArguments } from '../../../pipelines/cli/predict-arguments.ts'
import { Words as Given } from '../../../pipelines/cli/words.ts'
import type { EmbedShardManifest } from '../../../pipelines/shard/manifest.ts'
import { parseManifest, planHash } from '../../../pipelines/shard/manifest-file.ts'
import { mergeShards, planShards } from '../../../pipelines/shards.ts'
import { ConfigError, FormatError } from '../../../src/errors.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, killBeforeStep, runProgram } from '../../support/run-program.ts'
import { manifestOf, merged, quiet, ran, type Words } from '../../support/shards.ts'

// The law of shards: plan, run in any order, merge = embed, byte for byte.
const folder = folders()
const splice = goldenModel('openspliceai-nano.safetensors')
const language = goldenModel('hyena-nano')
const { signal } = new AbortController()
const fasta = `>one\n${randomSequence(90_000, 1)}\n>none\n>two\n${randomSequence(700, 2)}\n>three\n${randomSequence(9000, 3)}\n`
/** Short ones, and a long one that is computed alone. */
const bed = Array.from({ length: 40 }, (_, i) => {
  if (i === 20) return 'one\t5000\t76000\tlong\t0\t-\n'
  const start = (i * 7919) % 39_000
  return `one\t${start}\t${start + 1 + ((i * 131) % 900)}\tx${i % 37}\t0\t${i % 2 ? '-' : '+'}\n`
}).join('')
const files = { 'a.fa': fasta, 'r.bed': bed }

const asked = (path: string, words: Words): Words => ({
  device: 'cpu',
  threads: '2',
  memory: '4G',
  ...words,
  fasta: [join(path, 'a.fa')],
  ...(words['regions'] ? { regions: join(path, 'r.bed') } : {}),
})

function planned(path: string, words: Words, shards: number): Promise<EmbedShardManifest> {
  const argv = asked(path, words)
  const embedding = parseEmbedding(new Given(argv))
  return planShards({ ...parsePredictArguments(argv), embedding, output: manifestOf(path), shards })
}

async function embedded(path: string, words: Words, name: string): Promise<Buffer> {
  await embed({ ...asked(path, words), output: join(path, name) }, { log: quiet, signal })
  return readFileSync(join(path, name))
}

const cuts: readonly [string, Words, { shards: number; rows: number }][] = [
  ['regions, pooled, each on its strand', { model: language, regions: true }, { shards: 3, rows: 40 }],
  [
    'regions, each base on both strands, of a layer, in chunks',
    { model: language, regions: true, pool: 'none', strand: 'both', layer: '1', chunk: '500' },
    { shards: 4, rows: 0 },
  ],
  [
    'region texts',
    { model: splice, region: ['one:100-5000', 'two', 'one'], pool: 'max', chunk: '4096' },
    { shards: 2, rows: 3 },
  ],
  ['records, pooled: never cut', { model: splice, chunk: '512', strand: 'both' }, { shards: 2, rows: 3 }],
  [
    'records, each base: cut where chunks end',
    { model: splice, chunk: '2048', pool: 'none' },
    { shards: 3, rows: 99_700 },
  ],
]
it.each(cuts)('shards of %s give the file of embed', async (_, words, { shards: count, rows }) => {
  const { path } = folder(files)
  const { shards } = await planned(path, words, count)
  expect(shards.filter((shard) => shard.rows > 0).length).toBeGreaterThan(1)
  if (rows > 0) expect(shards.reduce((sum, shard) => sum + shard.rows, 0)).toBe(rows)
  for (const { id } of [...shards].reverse()) expect((await ran(path, id)).wasThere).toBe(false)
  for (const name of words['pool'] === 'none' ? ['arrow'] : ['arrow', 'arrows', 'parquet']) {
    const [expected, found] = [await embedded(path, words, `e.${name}`), await merged(path, `m.${name}`)]
    expect(found.equals(expected), name).toBe(true)
  }
})

it('a manifest that was changed is refused by its hash, or by the field that cannot be', async () => {
  const { path } = folder(files)
  const manifest = await planned(path, { model: splice }, 2)
  const read = (value: object) => parseManifest('m.json', JSON.stringify(value))
  expect(parseManifest('m.json', readFileSync(manifestOf(path), 'utf8'))).toEqual(manifest)
  const changed = (changes: object): EmbedShardManifest => ({ ...manifest, ...changes })
  const withEmbedding = (embedding: object) => changed({ options: { ...manifest.options, embedding } })
  const withShard = (changes: object) =>
    changed({ shards: manifest.shards.map((shard, i) => (i === 0 ? { ...shard, ...changes } : shard)) })
  const { pool, layer } = manifest.options.embedding
  const [{ regions }] = manifest.shards
  const changes: readonly [EmbedShardManifest, RegExp][] = [
    [withEmbedding({ pool, layer: layer + 1 }), /changed after/],
    [withEmbedding({ pool: 'max', layer }), /changed after/],
    [withEmbedding({ pool: 'sum', layer }), /options\.embedding\.pool: bad value: expected one of "mean"/],
    [withEmbedding({ pool, layer: -2 }), /options\.embedding\.layer: bad value/],
    [withEmbedding({ pool }), /options\.embedding\.layer: bad value/],
    [changed({ work: 'predict' }), /options\.embedding: unknown field/],
    [changed({ work: 'sing' }), /work: bad value: expected predict, embed or variants, got sing/],
    [changed({ hasRegionColumn: false }), /hasRegionColumn: unknown field/],
    [withShard({ rows: 7 }), /shards\[0\]\.rows: bad value: expected \d, the number of its regions, got 7/],
    [withShard({ regions: [{ ...regions[0], end: 2048 }] }), /shards\[0\]\.regions\[0\]: .*0 to 90000, all of one/],
  ]
  for (const [value, pattern] of changes) {
    const rehashed = pattern.source === 'changed after' ? value : { ...value, planSha256: planHash(value) }
    expect(() => read(rehashed), String(pattern)).toThrow(pattern)
    expect(() => read(rehashed)).toThrow(FormatError)
  }
})

it('as a user: a killed shard is computed again, inputs stay, other formats are refused', async () => {
  const { path } = folder(files)
  cpSync(splice, join(path, 'm.safetensors'))
  const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runProgram(words, { cwd: path, env })
  const options = ['-m', 'm.safetensors', '--regions', 'r.bed', '--pool', 'first', '--threads', '1', '--memory', '1G']
  const plan = ['shard', 'plan', 'a.fa', '--device', 'cpu', '--shards', '2', '-o', 'run/manifest.json', ...options]
  expect((await run([...plan, '--embed'])).lines).toEqual([
    expect.stringMatching(/warning: a.fa: record none has no bases/),
    expect.stringMatching(/^genoconv: \d+,\d+ bases in 2 shards, .*the merge is that of embed --memory 1G --threads 1/),
  ])
  const shard = (id: number, env?: Record<string, string>) =>
    run(['shard', 'run', 'run/manifest.json', `${id}`, '--device', 'cpu'], env)
  const merge = (name: string, ...more: string[]) => run(['shard', 'merge', 'run/manifest.json', '-o', name, ...more])
  expect((await shard(1)).code).toBe(0)
  expect((await shard(0, killBeforeStep(5))).signal).toBe('SIGKILL')
  expect((await merge('m.arrow')).lines).toEqual([expect.stringMatching(/shards\/0\.arrow missing; run .* for 0$/)])
  expect((await shard(0)).code).toBe(0)
  const before = readFileSync(join(path, 'run/shards/0.arrow'))
  const refused: readonly [string, RegExp][] = [
    ['a.fa', /is an input/],
    ['run/shards/0.arrow', /is an input/],
    ['m.tsv', /has no column of lists, which embeddings are: expected arrow, arrows, parquet/],
    ['m.vcf', /no format has the extension/],
  ]
  for (const [name, pattern] of refused)
    expect(await merge(name, ...(name === 'a.fa' ? ['--format', 'arrow'] : [])), name).toMatchObject({
      code: 2,
      lines: [expect.stringMatching(pattern)],
    })
  expect(readFileSync(join(path, 'run/shards/0.arrow')).equals(before)).toBe(true)
  expect(readFileSync(join(path, 'a.fa'), 'utf8')).toBe(fasta)
  expect((await merge('m.arrow')).code).toBe(0)
  expect((await run(['embed', 'a.fa', '--device', 'cpu', ...options, '-o', 'e.arrow'])).code).toBe(0)
  expect(readFileSync(join(path, 'm.arrow')).equals(readFileSync(join(path, 'e.arrow')))).toBe(true)
  expect(readdirSync(join(path, 'run/shards')).sort()).toEqual(['0.arrow', '0.json', '1.arrow', '1.json'])
  const wrong: readonly [readonly string[], RegExp][] = [
    [['--tracks', 'donor'], /--tracks: is no option of embed, whose run is to be cut/],
    [['--variants', 'x.vcf'], /--pool: is no option of variants, whose run is to be cut/],
  ]
  for (const [more, pattern] of wrong)
    expect(await run([...plan, ...more])).toMatchObject({ code: 2, lines: [expect.stringMatching(pattern)] })
})

it('rows that are not those of the regions are refused; so are options that cannot be', async () => {
  const { path } = folder(files)
  const manifest = await planned(path, { model: language, region: ['one:1-900', 'two'] }, 2)
  for (const { id } of manifest.shards) await ran(path, id)
  // The planned hash and sidecars as they are, but another region: as if a shard of another list had been renamed.
  const other = manifest.shards.map((shard) => ({
    ...shard,
    regions: shard.regions.map((region) => ({ ...region, start: region.start + 1 })),
  }))
  const changed = { ...manifest, shards: other }
  const planSha256 = planHash(changed)
  writeFileSync(manifestOf(path), JSON.stringify({ ...changed, planSha256 }))
  for (const { id } of other) {
    const sidecar = join(path, 'run/shards', `${id}.json`)
    writeFileSync(sidecar, readFileSync(sidecar, 'utf8').replace(manifest.planSha256, planSha256))
  }
  await expect(merged(path)).rejects.toThrow(/its rows are not those of its regions; remove the shard/)
  const plan = { inputs: [join(path, 'a.fa')], output: manifestOf(path), shards: 2 }
  await expect(planned(path, { model: language, layer: '99' }, 2)).rejects.toThrow(/`layer`: .* has 2 layers: .*got 99/)
  const wrong: readonly [object, RegExp][] = [
    [{ embedding: 'mean' }, /embedding: not a set of options/],
    [{ embedding: { layer: 1.5 } }, /`layer`: bad value/],
    [{ embedding: { pool: 'sum' } }, /`pool`: bad value/],
    [{ embedding: {}, tracks: ['donor'] }, /`tracks`: embeddings have channels, not tracks/],
  ]
  for (const [change, pattern] of wrong) {
    const planning = planShards({ ...plan, ...change } as Parameters<typeof planShards>[0])
    await expect(planning, String(pattern)).rejects.toThrow(pattern)
    await expect(planning).rejects.toThrow(ConfigError)
  }
  await expect(mergeShards(manifestOf(path), { output: join(path, 'a.tsv') })).rejects.toThrow(ConfigError)
})
