import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, FormatError, LimitError } from '../../../src/errors.ts'
import { balance } from '../../../pipelines/shard/balance.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, runProgram } from '../../support/run-program.ts'
import { manifestOf, merged, planned, ran } from '../../support/shards.ts'

const folder = folders()
const model = goldenModel('openspliceai-nano.safetensors')
const text = `>one\n${randomSequence(5000, 1)}\n>two\n${randomSequence(4000, 2)}\n`

/** Planned: two shards, a record each; run: those of `ids`. */
async function made(ids: readonly number[] = []): Promise<string> {
  const { path } = folder({ 'a.fa': text })
  cpSync(model, join(path, 'm.safetensors'))
  await planned(path, { model: join(path, 'm.safetensors'), fasta: [join(path, 'a.fa')] }, 2)
  for (const id of ids) await ran(path, id)
  return path
}
const shardPath = (path: string, name: string): string => join(path, 'run', 'shards', name)
const names = (path: string): string[] => readdirSync(join(path, 'run', 'shards')).sort()

describe('merge', () => {
  it('refuses missing and changed shards, all of them by name, and writes nothing', async () => {
    const path = await made([0, 1])
    const kept = readFileSync(shardPath(path, '1.arrow'))
    const damages: readonly [string, () => void, RegExp][] = [
      ['missing', () => rmSync(shardPath(path, '1.arrow')), /1 of 2 shards.*shards\/1\.arrow missing; run .* 1$/],
      [
        'truncated',
        () => truncateSync(shardPath(path, '1.arrow'), kept.length - 1),
        /shards\/1\.arrow changed \(\d+ bytes, not \d+\)/,
      ],
      [
        'a bit changed',
        () =>
          writeFileSync(
            shardPath(path, '1.arrow'),
            kept.map((byte, i) => (i === kept.length >> 1 ? byte ^ 1 : byte)),
          ),
        /shards\/1\.arrow changed \(SHA-256/,
      ],
      [
        'no sidecar',
        () => renameSync(shardPath(path, '1.json'), shardPath(path, 'x.json')),
        /shards\/1\.arrow without its sidecar shards\/1\.json/,
      ],
      ['broken sidecar', () => writeFileSync(shardPath(path, '1.json'), '{'), /shards\/1\.arrow with a broken sidecar/],
      [
        'another shard',
        () => cpSync(shardPath(path, '0.arrow'), shardPath(path, '1.arrow')),
        /shards\/1\.arrow changed/,
      ],
    ]
    const sidecar = readFileSync(shardPath(path, '1.json'))
    for (const [name, damage, pattern] of damages) {
      damage()
      await expect(merged(path), name).rejects.toThrow(pattern)
      await expect(merged(path), name).rejects.toThrow(FormatError)
      writeFileSync(shardPath(path, '1.arrow'), kept)
      writeFileSync(shardPath(path, '1.json'), sidecar)
    }
    for (const id of [0, 1]) rmSync(shardPath(path, `${id}.arrow`))
    await expect(merged(path)).rejects.toThrow(
      /2 of 2 shards.*shards\/0\.arrow missing, shards\/1\.arrow missing; run .* 0 1$/,
    )
    expect(readdirSync(path).filter((name) => name.startsWith('merged'))).toEqual([])
  })

  it('refuses shards of another plan', async () => {
    const path = await made([0, 1])
    await planned(path, { model: join(path, 'm.safetensors'), fasta: [join(path, 'a.fa')], tracks: 'donor' }, 2)
    await expect(merged(path)).rejects.toThrow(/shards\/0\.arrow of another plan, shards\/1\.arrow of another plan/)
    for (const id of [0, 1]) expect((await ran(path, id)).wasThere).toBe(false)
    await merged(path)
  })

  it('does not write over a shard', async () => {
    const path = await made([0, 1])
    await expect(merged(path, 'run/shards/0.arrow')).rejects.toThrow(ConfigError)
  })
})

describe('run', () => {
  it('does nothing where a matching shard is there, and makes a damaged one again', async () => {
    const path = await made([1])
    const before = statSync(shardPath(path, '1.arrow'))
    expect((await ran(path, 1)).wasThere).toBe(true)
    expect(statSync(shardPath(path, '1.arrow'))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs })
    const good = readFileSync(shardPath(path, '1.arrow'))
    truncateSync(shardPath(path, '1.arrow'), 100)
    const warnings: string[] = []
    expect((await ran(path, 1, { onWarning: (line) => warnings.push(line) })).wasThere).toBe(false)
    expect(warnings.join()).toMatch(/shards\/1\.arrow is changed \(100 bytes, not \d+\): computing it again/)
    expect(readFileSync(shardPath(path, '1.arrow')).equals(good)).toBe(true)
  })

  it('can be done twice at the same time', async () => {
    const path = await made()
    const [first, second] = await Promise.all([ran(path, 0), ran(path, 0), ran(path, 1)])
    expect(first.sidecar.sha256).toBe(second.sidecar.sha256)
    expect(names(path)).toEqual(['0.arrow', '0.json', '1.arrow', '1.json'])
    await merged(path)
  })

  it('refuses a FASTA that was changed behind the same size and times', async () => {
    const path = await made([0])
    const { atime, mtime } = statSync(join(path, 'a.fa'))
    writeFileSync(
      join(path, 'a.fa'),
      text.replace(/A(?=[ACGTN]{5}\n$)|.(?=\n$)/, (letter) => (letter === 'C' ? 'G' : 'C')),
    )
    utimesSync(join(path, 'a.fa'), atime, mtime)
    for (const id of [0, 1])
      await expect(ran(path, id)).rejects.toThrow(
        /a\.fa: the FASTA was changed after the shards were planned: expected SHA-256/,
      )
    appendFileSync(join(path, 'a.fa'), 'A\n')
    await expect(ran(path, 1)).rejects.toThrow(/a\.fa: .*expected \d+ bytes, got \d+ bytes/)
    rmSync(join(path, 'a.fa'))
    await expect(ran(path, 1)).rejects.toThrow(/a\.fa: no such file/)
    expect(names(path)).toEqual(['0.arrow', '0.json'])
  })

  it('refuses a changed index and a changed model', async () => {
    const path = await made()
    await runProgram(['index', join(path, 'a.fa')])
    expect(existsSync(join(path, 'a.fa.fai'))).toBe(true)
    await planned(path, { model: join(path, 'm.safetensors'), fasta: [join(path, 'a.fa')] }, 2)
    const index = readFileSync(join(path, 'a.fa.fai'), 'utf8')
    writeFileSync(join(path, 'a.fa.fai'), index.replace('4000', '3999'))
    await expect(ran(path, 0)).rejects.toThrow(/a\.fa\.fai: the index was changed after/)
    writeFileSync(join(path, 'a.fa.fai'), index)
    const bytes = readFileSync(join(path, 'm.safetensors'))
    bytes[bytes.length - 4] ^= 1
    writeFileSync(join(path, 'm.safetensors'), bytes)
    await expect(ran(path, 0)).rejects.toThrow(
      /m\.safetensors: the model was changed after the shards were planned: expected SHA-256/,
    )
    expect(names(path)).toEqual([])
  })

  it('goes by the manifest: its folder can be moved with the data, its text cannot be changed', async () => {
    const { path } = folder({ 'a.fa': text })
    const cwd = process.cwd()
    process.chdir(path)
    try {
      await planned('.', { model, fasta: ['a.fa'] }, 2)
    } finally {
      process.chdir(cwd)
    }
    mkdirSync(join(path, 'moved'))
    for (const name of ['run', 'a.fa']) renameSync(join(path, name), join(path, 'moved', name))
    await ran(join(path, 'moved'), 0)
    const manifest = manifestOf(join(path, 'moved'))
    const content = readFileSync(manifest, 'utf8')
    const refused = async (changed: string, pattern: RegExp): Promise<void> => {
      writeFileSync(manifest, changed)
      await expect(ran(join(path, 'moved'), 1)).rejects.toThrow(pattern)
    }
    await refused(content.replace('"end": 4000', '"end": 3999'), /manifest\.json: the manifest was changed/)
    await refused(
      content.replace(/"version": "[^"]*"/, '"version": "0.0.0"'),
      /planned by another version of genoconv: expected .*, got 0\.0\.0/,
    )
    await refused(content.slice(0, -9), /manifest\.json: not a shard manifest/)
    await refused('{}', /manifest\.json: not a shard manifest/)
    writeFileSync(manifest, content)
    await expect(ran(join(path, 'moved'), 2)).rejects.toThrow(/shard 2: there is no such shard: expected 0 to 1, got 2/)
    await expect(ran(path, 0)).rejects.toThrow(/no such manifest/)
  })

  it('says how much memory the planned chunks take rather than take others', async () => {
    const path = await made()
    await expect(ran(path, 0, { memory: 2 ** 27 })).rejects.toThrow(LimitError)
    await expect(ran(path, 0, { memory: 2 ** 27 })).rejects.toThrow(/`memory`: .*expected at least \d+M, got 128M/)
  })
})

describe('genoconv shard', () => {
  it('plans, runs and merges; --json ends with a summary; mistakes are exit codes 1 and 2', async () => {
    const { path } = folder({ 'a.fa': text, 'r.bed': 'one\t5\t900\tg\n' })
    const shard = (...words: string[]) => runProgram(['shard', ...words], { cwd: path })
    const plan = await shard(
      'plan',
      'a.fa',
      '--regions',
      'r.bed',
      '--model',
      model,
      '--shards',
      '2',
      '--device',
      'cpu',
      '-o',
      'run/manifest.json',
      '--json',
    )
    expect({ code: plan.code, text: plan.stderr }).toMatchObject({ code: 0 })
    expect(JSON.parse(plan.lines.at(-1)!)).toMatchObject({ event: 'done', bases: 895, shards: 2, emptyShards: 1 })
    expect((await shard('merge', 'run/manifest.json', '-o', 'out.arrow')).code).toBe(1)
    for (const id of ['0', '1'])
      expect((await shard('run', 'run/manifest.json', id, '--device', 'cpu', '--quiet')).code).toBe(0)
    expect((await shard('run', 'run/manifest.json', '0')).lines.at(-1)).toMatch(
      /shard 0 is there and matches: run\/shards\/0\.arrow/,
    )
    expect((await shard('run', 'run/manifest.json', '7')).code).toBe(2)
    expect((await shard('run', 'run/manifest.json', 'x')).code).toBe(2)
    const merge = await shard('merge', 'run/manifest.json', '-o', 'out.arrow')
    expect({ code: merge.code, text: merge.stderr }).toMatchObject({ code: 0 })
    const predict = await runProgram(
      ['predict', 'a.fa', '--regions', 'r.bed', '--model', model, '--device', 'cpu', '-o', 'whole.arrow'],
      { cwd: path },
    )
    expect(predict.code).toBe(0)
    expect(readFileSync(join(path, 'out.arrow')).equals(readFileSync(join(path, 'whole.arrow')))).toBe(true)
    expect((await shard('plan', '-', '--shards', '2', '-o', 'm.json')).code).toBe(2)
    expect((await shard('plan', 'a.fa', '--shards', '0', '-o', 'm.json')).code).toBe(2)
    expect((await shard()).code).toBe(2)
  }, 400_000) // a dozen programs are started, which takes its time on a busy machine
})

describe('balance', () => {
  it.each([
    [[5], 3, [1, 1, 1]],
    [[], 2, [0, 0]],
    [[1, 1, 1, 1], 2, [2, 4]],
    [[9, 1, 1, 1], 2, [1, 4]],
    [[1, 1, 1, 9], 2, [3, 4]],
    [[3, 3, 3, 3, 3], 3, [2, 4, 5]],
  ])('%j in %i runs', (weights, count, ends) => expect(balance(weights, count)).toEqual(ends))

  it('finds the lightest heaviest run, as trying all cuts does', () => {
    let state = 1
    const random = (most: number): number => {
      state = (state * 48271) % 2147483647
      return state % most
    }
    for (let round = 0; round < 200; round++) {
      const weights = Array.from({ length: 1 + random(8) }, () => 1 + random(20))
      const count = 1 + random(4)
      const best = (from: number, runs: number): number => {
        if (runs === 1) return weights.slice(from).reduce((a, b) => a + b, 0)
        let least = Number.POSITIVE_INFINITY
        for (let to = from; to <= weights.length; to++)
          least = Math.min(
            least,
            Math.max(
              weights.slice(from, to).reduce((a, b) => a + b, 0),
              best(to, runs - 1),
            ),
          )
        return least
      }
      const ends = balance(weights, count)
      expect(ends.length).toBe(count)
      expect(ends.at(-1)).toBe(weights.length)
      const sums = ends.map((to, i) => weights.slice(i === 0 ? 0 : ends[i - 1], to).reduce((a, b) => a + b, 0))
      expect(Math.max(...sums)).toBe(best(0, count))
    }
  })
})
