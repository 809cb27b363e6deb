import type { PredictionBatch } from '../../genome.ts'
import { checkHead, type DoneOutput } from './done-output.ts'
import { formatFloat32 } from './format-number.ts'
import type { OutputLayout } from './output-layout.ts'

const rowsPerWrite = 8192

/** Tab-separated text with a header line; positions 0-based, `NA` where there is no value. After `done`, what follows it. */
export async function* encodeTsv(
  batches: AsyncIterable<PredictionBatch>,
  layout: OutputLayout,
  done?: DoneOutput,
): AsyncGenerator<Uint8Array[]> {
  const encoder = new TextEncoder()
  const columns = ['contig', 'position', 'base', ...(layout.regions ? ['region'] : []), ...layout.tracks]
  const head = [encoder.encode(`${columns.join('\t')}\n`)]
  if (done) checkHead(head, done)
  else yield head
  for await (const { region, bases, tracks, regionIndex } of batches) {
    const values = layout.tracks.map((name) => tracks[name])
    const regionCell = layout.regions ? `\t${layout.regions[regionIndex]}` : ''
    for (let from = 0; from < bases.length; from += rowsPerWrite) {
      let text = ''
      for (let i = from; i < Math.min(bases.length, from + rowsPerWrite); i++) {
        text += `${region.contig}\t${region.start + i}\t${String.fromCharCode(bases[i])}${regionCell}`
        for (const track of values) {
          const value = track[i]
          text += Number.isNaN(value) ? '\tNA' : `\t${formatFloat32(value)}`
        }
        text += '\n'
      }
      yield [encoder.encode(text)]
    }
  }
}
