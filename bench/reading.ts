/**
 * How fast sequence is read: all records in order, 1 Mb windows, and regions at random places; the last against
 * `samtools faidx -r` and `bedtools getfasta` on the same regions, in turn with them.
 *
 *     npm run bench -- reading [fasta...]    default: chromosome 20 of ../shared, else the sample
 */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Genome, Region } from '../src/genome.ts'
import { openGenome } from '../src/io/fasta/open-genome.ts'
import { median } from './support.ts'

const rounds = 5
const regionCount = 10_000
const regionBases = 2000

interface Seconds {
  readonly wall: number
  readonly cpu: number
}

async function timed(action: () => Promise<unknown>): Promise<Seconds> {
  const [cpu, started] = [process.cpuUsage(), performance.now()]
  await action()
  const used = process.cpuUsage(cpu)
  return { wall: (performance.now() - started) / 1000, cpu: (used.user + used.system) / 1e6 }
}

const show = (bases: number, all: readonly Seconds[]): string => {
  const rate = (kind: keyof Seconds): string => (bases / median(all.map((seconds) => seconds[kind])) / 1e6).toFixed(1)
  return `${rate('wall')} Mb/s (${rate('cpu')} Mb a CPU second)`
}

async function several(bases: number, action: () => Promise<unknown>): Promise<string> {
  const all: Seconds[] = []
  for (let i = 0; i < rounds; i++) all.push(await timed(action))
  return show(bases, all)
}

/** Other programs' times come from the shell: user and system of the child. */
function timedProgram(command: string): (Seconds & { readonly output: Buffer }) | undefined {
  const script = `TIMEFORMAT='%R %U %S'; time ${command}`
  const { status, stdout, stderr }: SpawnSyncReturns<Buffer> = spawnSync('bash', ['-c', script], { maxBuffer: 2 ** 30 })
  if (status !== 0) return undefined // bedtools 2.30 ends with a segmentation fault on BGZF
  const [wall, user, system] = stderr.toString().trim().split('\n').at(-1)!.split(' ').map(Number) as [
    number,
    number,
    number,
  ]
  return { wall, cpu: user + system, output: stdout }
}

/** SHA-256 of the letters of FASTA records, headers and line ends left out. */
const lettersOf = (fasta: Buffer): string =>
  createHash('sha256')
    .update(fasta.toString('latin1').replace(/>.*\n|\n/g, ''))
    .digest('hex')

async function compareRegions(path: string, genome: Genome, contig: string, length: number): Promise<void> {
  const bases = Math.min(regionBases, length)
  const starts = Array.from({ length: regionCount }, (_, i) => (i * 7_368_787) % (length - bases + 1))
  const lists = { 'at random places': starts, 'the same, sorted': starts.toSorted((a, b) => a - b) }
  const folder = mkdtempSync(join(tmpdir(), 'genoconv-reading-'))
  for (const [what, places] of Object.entries(lists)) {
    const regions = places.map((start): Region => ({ contig, start, end: start + bases }))
    const [text, bed] = [join(folder, 'regions.txt'), join(folder, 'regions.bed')]
    writeFileSync(text, regions.map(({ start, end }) => `${contig}:${start + 1}-${end}\n`).join(''))
    writeFileSync(bed, regions.map(({ start, end }) => `${contig}\t${start}\t${end}\n`).join(''))
    const others = [`samtools faidx -r ${text} ${path}`, `bedtools getfasta -fi ${path} -bed ${bed}`].filter(
      (command) => spawnSync('which', [command.split(' ')[0]]).status === 0,
    )
    const hash = createHash('sha256')
    for (const region of regions) hash.update(await genome.read(region))
    const letters = hash.digest('hex')
    const times = new Map<string, Seconds[]>()
    const note = (name: string, seconds: Seconds): void => void times.set(name, [...(times.get(name) ?? []), seconds])
    // One process each, as users run them; ours opens the file and its index anew in each round, and starts no process.
    for (let round = 0; round < rounds; round++) {
      for (const readers of [1, 8]) {
        const seconds = await timed(async () => {
          const again = await openGenome(path)
          let next = 0
          const readOn = async (): Promise<void> => {
            while (next < regions.length) await again.read(regions[next++])
          }
          await Promise.all(Array.from({ length: readers }, readOn))
          await again.close()
        })
        note(readers === 1 ? 'genoconv, one after the other' : `genoconv, ${readers} at a time`, seconds)
      }
      for (const command of others) {
        const run = timedProgram(command)
        if (run && round === 0 && lettersOf(run.output) !== letters)
          throw new Error(`${command}: other letters than ours`)
        const name = command.split(' ').slice(0, 2).join(' ')
        if (run) note(name, run)
        else if (round === 0) console.log(`  ${name} fails on this file: not measured`)
      }
    }
    console.log(`  ${regionCount} regions of ${bases} bases ${what}`)
    for (const [name, all] of times) console.log(`    ${name}: ${show(regionCount * bases, all)}`)
  }
  rmSync(folder, { recursive: true })
}

const chromosome = '../shared/data/human/chr20.GRCh37.fa.gz'
const given = process.argv.slice(2)
for (const path of given.length > 0 ? given : [existsSync(chromosome) ? chromosome : 'data-samples/MACROD2.fa.gz']) {
  const genome = await openGenome(path, { onWarning: console.error })
  const contigs = await genome.contigs()
  const longest = contigs.reduce((a, b) => (b.length > a.length ? b : a))
  const total = contigs.reduce((sum, { length }) => sum + length, 0)

  // Both ways must give the same letters before either is timed.
  let bases = 0
  for await (const chunk of genome.chunks({ chunkBases: 1 << 20 })) {
    const region = await genome.read({
      contig: chunk.contig,
      start: chunk.start,
      end: chunk.start + chunk.bases.length,
    })
    if (Buffer.compare(region, chunk.bases) !== 0) throw new Error(`${path} ${chunk.contig}:${chunk.start} differs`)
    bases += chunk.bases.length
  }
  if (bases !== total) throw new Error(`${path}: ${bases} bases read, ${total} in the index`)

  console.log(`${path}, medians of ${rounds} rounds`)
  const all = await several(total, async () => {
    for await (const _ of genome.chunks({ chunkBases: 1 << 20 })) {
    }
  })
  console.log(`  records in order: ${all}`)
  const windows = await several(longest.length, async () => {
    for (let start = 0; start < longest.length; start += 1 << 20) {
      await genome.read({ contig: longest.name, start, end: Math.min(longest.length, start + (1 << 20)) })
    }
  })
  console.log(`  1 Mb windows: ${windows}`)
  await compareRegions(path, genome, longest.name, longest.length)
  console.log(`  peak memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`)
  await genome.close()
}
