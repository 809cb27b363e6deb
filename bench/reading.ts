/**
 * How fast sequence is read: all records in order, 1 Mb windows, and 2 kb regions at random places.
 * `node --import ./scripts/typescript.mjs bench/reading.ts <fasta...>`
 */
import { openGenome } from '../src/io/open-genome.ts'

const repeats = 5
const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]

async function time(bases: number, action: () => Promise<unknown>): Promise<string> {
  const rates: { wall: number; cpu: number }[] = []
  for (let i = 0; i < repeats; i++) {
    const [cpu, started] = [process.cpuUsage(), performance.now()]
    await action()
    const used = process.cpuUsage(cpu)
    rates.push({ wall: bases / (performance.now() - started) / 1e3, cpu: bases / (used.user + used.system) })
  }
  return `${median(rates.map(({ wall }) => wall)).toFixed(1)} Mb/s (${median(rates.map(({ cpu }) => cpu)).toFixed(1)} Mb per CPU second)`
}

for (const path of process.argv.slice(2)) {
  const genome = await openGenome(path, { onWarning: console.error })
  const contigs = await genome.contigs()
  const longest = contigs.reduce((a, b) => (b.length > a.length ? b : a))
  const total = contigs.reduce((sum, { length }) => sum + length, 0)

  // Both ways must give the same letters before either is timed.
  let bases = 0
  for await (const chunk of genome.chunks({ chunkBases: 1 << 20 })) {
    const region = await genome.read({ contig: chunk.contig, start: chunk.start, end: chunk.start + chunk.bases.length })
    if (Buffer.compare(region, chunk.bases) !== 0) throw new Error(`${path} ${chunk.contig}:${chunk.start} differs`)
    bases += chunk.bases.length
  }
  if (bases !== total) throw new Error(`${path}: ${bases} bases read, ${total} in the index`)

  console.log(path)
  const all = await time(total, async () => {
    for await (const _ of genome.chunks({ chunkBases: 1 << 20 })) {
    }
  })
  console.log(`  records in order: ${all}`)
  const windows = await time(longest.length, async () => {
    for (let start = 0; start < longest.length; start += 1 << 20) {
      await genome.read({ contig: longest.name, start, end: Math.min(longest.length, start + (1 << 20)) })
    }
  })
  console.log(`  1 Mb windows: ${windows}`)
  const regionBases = Math.min(2000, longest.length)
  const regions = await time(1000 * regionBases, async () => {
    for (let i = 0; i < 1000; i++) {
      const start = (i * 7_368_787) % (longest.length - regionBases + 1)
      await genome.read({ contig: longest.name, start, end: start + regionBases })
    }
  })
  console.log(`  2 kb regions: ${regions}`)
  console.log(`  peak memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`)
  await genome.close()
}
