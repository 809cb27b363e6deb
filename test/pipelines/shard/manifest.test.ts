import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkConsistency } from '../../../pipelines/shard/check-manifest.ts'
import type { AnyManifest, ShardManifest } from '../../../pipelines/shard/manifest.ts'
import { parseManifest, planHash } from '../../../pipelines/shard/manifest-file.ts'
import { ConfigError, FormatError, GenoconvError } from '../../../src/errors.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { mutatedJson } from '../../support/mutated-json.ts'
import { folders, goldenModel, runProgram } from '../../support/run-program.ts'
import { manifestOf, merged, planned, ran } from '../../support/shards.ts'

const folder = folders()
const model = goldenModel('openspliceai-nano.safetensors')
const fasta = `>one\n${randomSequence(3000, 1)}\n>two\n${randomSequence(2000, 2)}\n`

/** Planned in a folder below another one: what is written outside of it shows. */
async function made(): Promise<{ outside: string; path: string; manifest: ShardManifest }> {
  const { path: outside } = folder({ 'a.fa': fasta, 'r.bed': 'one\t5\t900\tg\t0\t-\ntwo\t0\t2000\th\none\t7\t8\n' })
  const path = join(outside, 'deep')
  const words = { model, fasta: [join(outside, 'a.fa')], regions: join(outside, 'r.bed'), context: '40' }
  return { outside, path, manifest: await planned(path, words, 2) }
}
const text = (manifest: object): string => JSON.stringify(manifest)
/** With the hash that fits: a changed manifest whose author knows how it is made. */
const rehashed = (manifest: ShardManifest): ShardManifest => ({ ...manifest, planSha256: planHash(manifest) })
type Changes = Record<string, unknown>
const withShard = (manifest: ShardManifest, id: number, changes: Changes): ShardManifest =>
  rehashed({ ...manifest, shards: manifest.shards.map((shard, i) => (i === id ? { ...shard, ...changes } : shard)) })
const withOptions = (manifest: ShardManifest, changes: Changes): ShardManifest =>
  rehashed({ ...manifest, options: { ...manifest.options, ...changes } })
const withFile = (manifest: ShardManifest, changes: Changes): ShardManifest =>
  rehashed({ ...manifest, files: [{ ...manifest.files[0], ...changes } as ShardManifest['files'][0]] })

describe('a manifest that was changed', () => {
  it('is what was planned, in any order of its keys, or is refused by its hash', async () => {
    const { manifest, path } = await made()
    const read = (value: object): AnyManifest => parseManifest('m.json', text(value))
    expect(parseManifest('m.json', readFileSync(manifestOf(path), 'utf8'))).toEqual(manifest)
    expect(read(Object.fromEntries(Object.entries(manifest).reverse()))).toEqual(manifest)
    const changes: readonly Changes[] = [
      { model: { ...manifest.model, name: 'x' } },
      { model: { ...manifest.model, sources: [{ path: '../x' }] } },
      { options: { ...manifest.options, memory: 1 } },
      { options: { ...manifest.options, context: undefined } },
      { files: [{ ...manifest.files[0], path: '../b.fa' }] },
      { contigs: manifest.contigs.map((contig) => ({ ...contig, length: contig.length + 1 })) },
      { targets: 'records' },
      { hasRegionColumn: false },
      { shards: manifest.shards.map((shard) => ({ ...shard, bases: 1 })) },
      { shards: manifest.shards.slice(1) },
    ]
    for (const change of changes)
      expect(() => read({ ...manifest, ...change }), text(change)).toThrow(/the manifest was changed after/)
  })

  it('is refused by the field whose type or range is wrong', async () => {
    const { manifest } = await made()
    const region = manifest.shards[0].regions[0]
    const bad: readonly [ShardManifest | Changes, RegExp][] = [
      [withShard(manifest, 1, { path: '../../x' }), /^m\.json shards\[1\]\.path: unknown field; plan again$/],
      [withShard(manifest, 1, { id: 0 }), /^m\.json shards\[1\]\.id: bad value: expected 1, got 0; plan again$/],
      [withShard(manifest, 0, { id: '../x' }), /shards\[0\]\.id: bad value: expected a whole number .*got \.\.\/x/],
      [
        withShard(manifest, 0, { rows: 1 }),
        /shards\[0\]\.rows: bad value: expected \d+, the bases of its regions, got 1/,
      ],
      [
        withShard(manifest, 0, { regions: [{ ...region, end: 3001 }] }),
        /regions\[0\]\.end: .*at most 3000, .* got 3001/,
      ],
      [
        withShard(manifest, 0, { regions: [{ ...region, start: 1.5 }] }),
        /regions\[0\]\.start: .*a whole number .*1\.5/,
      ],
      [
        withShard(manifest, 0, { regions: [{ ...region, start: 900 }] }),
        /regions\[0\]\.start: .*less than its end, 900/,
      ],
      [withShard(manifest, 0, { regions: [{ ...region, contig: 'constructor' }] }), /\.contig: .*got constructor/],
      [withShard(manifest, 0, { regions: [{ ...region, strand: 'both' }] }), /\.strand: .*one of "\+", "-", got both/],
      [withShard(manifest, 0, { regions: {} }), /shards\[0\]\.regions: bad value: expected a list, got \{\}/],
      [withOptions(manifest, { threads: 1e9 }), /options\.threads: bad value: expected a whole number from 1 to 1024/],
      [withOptions(manifest, { memory: null }), /options\.memory: .*got null/],
      [withOptions(manifest, { frequencySparsity: '0' }), /options\.frequencySparsity: .*a number from 0 to 1, got 0/],
      [withOptions(manifest, { context: -1 }), /options\.context/],
      [withOptions(manifest, { tracks: [] }), /options\.tracks: bad value: expected at least one/],
      [withOptions(manifest, { precision: 'f64' }), /options\.precision: .*"f32", "f16", got f64/],
      [withFile(manifest, { path: 'a\0b' }), /files\[0\]\.path: .*no NUL/],
      [withFile(manifest, { role: 'index' }), /files: bad value: expected a FASTA, got none/],
      [withFile(manifest, { sha256: 'x' }), /files\[0\]\.sha256/],
      [
        { ...manifest, model: { ...manifest.model, sources: [{ url: 'x' }] } },
        /model\.sources\[0\]\.url: unknown field/,
      ],
      [rehashed({ ...manifest, contigs: [...manifest.contigs, manifest.contigs[0]] }), /contigs\[2\]\.name: .*once/],
      [rehashed({ ...manifest, targets: 'records' }), /hasRegionColumn/],
      [{ ...manifest, planSha256: 7 }, /planSha256/],
    ]
    for (const [changed, pattern] of bad) {
      const read = (): unknown => parseManifest('m.json', text(changed))
      expect(read, String(pattern)).toThrow(pattern)
      expect(read).toThrow(FormatError)
    }
    const proto = text(manifest).replace('{"format"', '{"__proto__":{"x":1},"format"')
    expect(() => parseManifest('m.json', proto)).toThrow(/m\.json __proto__: unknown field/)
    const deep = text(manifest).replace('"contigs":[', `"contigs":[${'['.repeat(100_000)}${']'.repeat(100_000)},`)
    expect(() => parseManifest('m.json', deep)).toThrow(/contigs\[0\]: bad value: expected an object/)
  })

  it('gives an error of ours or a manifest that holds together, whatever is changed in it', async () => {
    const { manifest } = await made()
    const seen = { manifest: 0, error: 0 }
    fc.assert(
      fc.property(mutatedJson(manifest), fc.boolean(), (changed, isRehashed) => {
        const value = changed as ShardManifest
        let sent = value
        if (isRehashed) {
          try {
            sent = rehashed(value)
          } catch {
            // no longer of a shape that has a hash
          }
        }
        try {
          checkConsistency('m.json', parseManifest('m.json', text(sent)))
          seen.manifest++
        } catch (error) {
          if (!(error instanceof FormatError)) throw error
          seen.error++
        }
      }),
      { numRuns: 3000 },
    )
    expect(seen.error).toBeGreaterThan(300)
    expect(seen.manifest).toBeGreaterThan(20)
  })

  it('writes nothing outside its folder: run and merge', async () => {
    const { outside, path, manifest } = await made()
    await ran(path, 0)
    const everything = (): string[] => (readdirSync(outside, { recursive: true }) as string[]).sort()
    const before = everything()
    const places = ['../../x.arrow', '/tmp/genoconv-x.arrow', '../b.fa']
    const hostile = places.flatMap((place) => [
      withShard(manifest, 1, { path: place }),
      { ...withShard(manifest, 1, { path: place }), planSha256: manifest.planSha256 },
      withShard(manifest, 1, { id: place }),
    ])
    hostile.push(withFile(manifest, { path: '/dev/zero' }), withFile(manifest, { path: '../' }))
    hostile.push(withOptions(manifest, { chunk: 2 ** 53 }), withOptions(manifest, { tracks: ['__proto__'] }))
    for (const changed of hostile) {
      writeFileSync(manifestOf(path), text(changed))
      await expect(ran(path, 1), text(changed)).rejects.toThrow(GenoconvError)
      await expect(merged(path), text(changed)).rejects.toThrow(GenoconvError)
    }
    writeFileSync(manifestOf(path), text(hostile[0]))
    for (const words of [
      ['run', manifestOf(path), '1', '--device', 'cpu'],
      ['merge', manifestOf(path), '-o', 'o.arrow'],
    ]) {
      const { code, lines } = await runProgram(['shard', ...words], { cwd: path })
      expect({ code, lines }).toEqual({ code: 1, lines: [expect.stringContaining('shards[1].path: unknown field')] })
    }
    writeFileSync(manifestOf(path), text(manifest))
    expect(everything()).toEqual(before)
  })

  it('names other contigs than its FASTA: refused', async () => {
    const { path, manifest } = await made()
    const contigs = [
      { name: 'one', length: 3000 },
      { name: 'two', length: 2001 },
    ]
    writeFileSync(manifestOf(path), text(rehashed({ ...manifest, contigs })))
    await expect(ran(path, 0)).rejects.toThrow(/its contigs are not those of the FASTA; plan again/)
    writeFileSync(manifestOf(path), text(manifest))
    await expect(ran(path, -1)).rejects.toThrow(ConfigError)
  })
})
