import type { Contig, Genome, Region } from 'genoconv'

const unknown = 'N'.charCodeAt(0)

/**
 * `genome` with unknown bases before and after each contig, so that variants near the ends of a single gene's sequence are scored
 * too; a model takes them for what it takes sequence to be that is not there. Positions are moved by `padding`.
 */
export function paddedGenome(genome: Genome, padding: number): Genome {
  const padded = ({ name, length }: Contig): Contig => ({ name, length: length + 2 * padding })
  return {
    name: genome.name,
    byteCount: genome.byteCount,
    isRandomAccess: genome.isRandomAccess,
    contigs: async (signal) => (await genome.contigs(signal)).map(padded),
    async read(region, signal) {
      const { length } = (await genome.contigs(signal)).find(({ name }) => name === region.contig)!
      const inside = (position: number): number => Math.max(0, Math.min(length, position - padding))
      const known: Region = { contig: region.contig, start: inside(region.start), end: inside(region.end) }
      const bases = new Uint8Array(region.end - region.start).fill(unknown)
      if (known.end > known.start) bases.set(await genome.read(known, signal), known.start + padding - region.start)
      return bases
    },
    chunks: () => {
      throw new Error('a padded genome is read by region')
    },
    close: () => genome.close(),
  }
}
