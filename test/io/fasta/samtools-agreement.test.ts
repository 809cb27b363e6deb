import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { IndexedFasta } from '@gmod/indexedfasta'
import { generateFastaIndex } from '@gmod/faidx'
import { PassThrough, Readable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import { indexGenome } from '../../../pipelines/index-genome.ts'
import { buildIndex } from '../../../src/io/fasta/write-index.ts'
import { readText, recordsOf, temporaryFolder, withGenome } from '../../support/fasta-files.ts'

const hasSamtools = spawnSync('samtools', ['--version']).status === 0
const shared = '../../shared/data'
const hasShared = existsSync(shared)
const folder = temporaryFolder()

/** Files of the project itself, so that something is compared wherever samtools is. */
const own = ['data-samples/BIRC7.fa', 'data-samples/MACROD2.fa.gz'].filter((path) => existsSync(path))
const formats = hasShared
  ? ['gmod', 'htslib', 'needletail', 'broken'].flatMap((name) =>
      readdirSync(join(shared, 'formats', name)).map((file) => join(shared, 'formats', name, file)),
    )
  : []
const human = hasShared ? readdirSync(join(shared, 'human')).map((file) => join(shared, 'human', file)) : []
const fastas = [...own, ...formats, ...human].filter((path) => /\.(fa|fasta)(\.gz)?$/.test(path))

let comparedBases = 0
let comparedFiles = 0

/** A copy without its index files, so that each program makes its own. */
function copyAlone(path: string, name: string): string {
  const target = join(folder.path, name, basename(path))
  rmSync(join(folder.path, name), { recursive: true, force: true })
  mkdirSync(join(folder.path, name))
  copyFileSync(path, target)
  return target
}

function samtoolsRegions(path: string, regions: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(
    'samtools',
    ['faidx', path, '-r', folder.write('regions.txt', `${regions.join('\n')}\n`)],
    {
      encoding: 'latin1',
      maxBuffer: 2 ** 30,
    },
  )
  if (status !== 0) throw new Error(`samtools: ${stderr}`)
  return stdout
    .split('>')
    .slice(1)
    .map((record) => record.slice(record.indexOf('\n')).replaceAll('\n', ''))
}

describe.skipIf(!hasSamtools)('samtools faidx gives the same bases (skipped where samtools is not installed)', () => {
  test.each(fastas)('%s', async (path) => {
    const theirs = copyAlone(path, 'theirs')
    const made = spawnSync('samtools', ['faidx', theirs], { encoding: 'utf8' })
    const ours = copyAlone(path, 'ours')
    if (made.status !== 0) {
      // What samtools cannot index is refused here too, unless it is only that lines are uneven: those files are read whole.
      const error = await buildIndex(ours).then(
        () => undefined,
        (reason: Error) => reason,
      )
      expect(error?.message, made.stderr).toMatch(/ours/)
      comparedFiles++
      return
    }
    await indexGenome(ours)
    expect(readFileSync(`${ours}.fai`, 'latin1')).toBe(readFileSync(`${theirs}.fai`, 'latin1'))
    if (existsSync(`${theirs}.gzi`)) {
      expect(readFileSync(`${ours}.gzi`).equals(readFileSync(`${theirs}.gzi`))).toBe(true)
    }
    const fai = readFileSync(`${theirs}.fai`, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'))
    await withGenome(ours, async (genome, warnings) => {
      expect((await genome.contigs()).map(({ name, length }) => `${name} ${length}`)).toEqual(
        fai.map(([name, length]) => `${name} ${length}`),
      )
      const named = fai.filter(([name]) => name !== '') // region text cannot ask samtools for a record without a name
      const chosen = named.length > 300 ? named.filter((_, i) => i % 37 === 0) : named
      const regions = chosen.flatMap(([name, lengthText, , lineText]) =>
        regionsToTry(Number(lengthText), Number(lineText)).map(([start, end]) => ({ name, start, end })),
      )
      const expected = samtoolsRegions(
        theirs,
        regions.map(({ name, start, end }) => `{${name}}:${start + 1}-${end}`),
      )
      expect(expected).toHaveLength(regions.length)
      for (const [i, { name, start, end }] of regions.entries()) {
        const bases = await readText(genome, name, start, end)
        if (bases !== expected[i]) expect.fail(`${path} ${name}:${start}-${end} differs`)
        comparedBases += bases.length
      }
      expect(warnings.filter((warning) => !/end-of-file/.test(warning))).toEqual([])
      if (named.length > 300) return
      // The sequential reader against whole records.
      const whole = samtoolsRegions(
        theirs,
        named.map(([name]) => `{${name}}`),
      )
      const records = new Map(await recordsOf(genome))
      for (const [i, [name]] of named.entries())
        if (records.get(name) !== whole[i]) expect.fail(`${path} ${name} differs as a whole`)
    })
    comparedFiles++
  })

  afterAll(() => {
    // A suite that skipped its way to success has compared nothing.
    expect(comparedFiles).toBe(fastas.length)
    expect(comparedBases).toBeGreaterThan(hasShared ? 1_000_000 : 10_000)
  })
})

/** Whole, ends, line borders, places where BGZF blocks of 65,280 bytes may end, and 200 places at random. */
function regionsToTry(length: number, lineBases: number): [number, number][] {
  const places = [0, lineBases, 2 * lineBases, length - lineBases, length]
  for (let block = 1; block < 40; block++) places.push(Math.floor((block * 65280 * lineBases) / (lineBases + 1)))
  let state = 12345
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state / 2 ** 32
  }
  const regions: [number, number][] = places.flatMap(
    (place) =>
      [
        [place - 1, place + 1],
        [place, place + 1],
        [place - 30, place + 100],
      ] as [number, number][],
  )
  for (let i = 0; i < 200; i++) {
    const start = Math.floor(random() * length)
    regions.push([start, start + Math.floor(random() * 3000)])
  }
  return regions
    .map(([start, end]): [number, number] => [Math.max(0, start), Math.min(length, end)])
    .filter(([start, end]) => start < end)
}

describe('@gmod/indexedfasta and @gmod/faidx agree', () => {
  test.each(own.filter((path) => !path.endsWith('.gz')))('%s', async (path) => {
    const ours = copyAlone(path, 'gmod')
    const chunks: Buffer[] = []
    const sink = new PassThrough().on('data', (chunk: Buffer) => chunks.push(chunk))
    await generateFastaIndex(sink, Readable.from([readFileSync(ours)]))
    await indexGenome(ours)
    expect(Buffer.concat(chunks).toString()).toBe(readFileSync(`${ours}.fai`, 'utf8'))
    const theirs = new IndexedFasta({ path: ours })
    await withGenome(ours, async (genome) => {
      for (const { name, length } of await genome.contigs()) {
        for (const [start, end] of regionsToTry(length, 60))
          expect(await readText(genome, name, start, end)).toBe(await theirs.getSequence(name, start, end))
      }
    })
  })
})
