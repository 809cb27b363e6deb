/** Reads all records of the FASTA in argv and prints what it saw, for tests that look at a process of its own. */
import { openGenome } from '../../src/io/fasta/open-genome.ts'

const [input, mode] = process.argv.slice(2)
const warnings: string[] = []
const genome = await openGenome(input, { onWarning: (message) => warnings.push(message) })
const startBytes = process.resourceUsage().maxRSS * 1024
let bases = 0
let error: string | undefined
const records = new Set<string>()
try {
  if (mode === 'contigs') {
    for (const { name, length } of await genome.contigs()) {
      records.add(name)
      bases += length
    }
  } else {
    for await (const chunk of genome.chunks({ chunkBases: 1 << 20 })) {
      bases += chunk.bases.length
      records.add(chunk.contig)
    }
  }
} catch (reason) {
  error = `${(reason as Error).name}: ${(reason as Error).message}`
}
await genome.close()
const growthBytes = process.resourceUsage().maxRSS * 1024 - startBytes
console.log(
  JSON.stringify({ bases, records: records.size, growthBytes, isRandomAccess: genome.isRandomAccess, warnings, error }),
)
