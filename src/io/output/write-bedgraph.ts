import type { PredictionBatch } from '../../genome.ts'
import { formatFloat32 } from './format-number.ts'
import type { OutputLayout } from './output-layout.ts'
import { Spool } from '../bytes/spool.ts'

/** Tracks after the first wait in memory up to this, then in a temporary file. */
const spoolBytes = 2 ** 24
const bytesPerWrite = 1 << 20

/**
 * bedGraph: contig, start, end (0-based half-open), value; neighbours of equal value are one line, bases without a value
 * none. A single track is bare lines, as every tool reads it; of several, each is a section under its own `track` line.
 */
export async function* encodeBedgraph(
  batches: AsyncIterable<PredictionBatch>,
  layout: OutputLayout,
): AsyncGenerator<Uint8Array[]> {
  const encoder = new TextEncoder()
  const sections = layout.tracks.map((name) => ({
    name,
    lines: new BedgraphLines(),
    spool: new Spool({ memoryBytes: spoolBytes, folder: layout.temporaryFolder ?? '.' }),
  }))
  const [first, ...others] = sections
  const header = (name: string): Uint8Array => encoder.encode(`track type=bedGraph name="${name}"\n`)
  try {
    if (others.length > 0) yield [header(first.name)]
    for await (const batch of batches) {
      for (const { name, lines, spool } of sections) {
        const text = encoder.encode(lines.add(batch, batch.tracks[name]))
        if (name === first.name) yield [text]
        else await spool.append(text)
      }
    }
    yield [encoder.encode(first.lines.finish())]
    for (const { name, lines, spool } of others) {
      await spool.append(encoder.encode(lines.finish()))
      yield [header(name)]
      for (let at = 0; at < spool.byteLength; at += bytesPerWrite)
        yield [await spool.read(at, Math.min(bytesPerWrite, spool.byteLength - at))]
    }
  } finally {
    await Promise.all(sections.map(({ spool }) => spool.close()))
  }
}

/** Runs of equal values, across the borders of batches. */
class BedgraphLines {
  #contig = ''
  #start = 0
  #end = 0
  #value = Number.NaN

  add({ region }: PredictionBatch, values: Float32Array): string {
    let text = ''
    for (let i = 0; i < values.length; i++) {
      const position = region.start + i
      const value = values[i]
      if (value === this.#value && position === this.#end && region.contig === this.#contig) {
        this.#end++
        continue
      }
      text += this.#line()
      this.#contig = region.contig
      this.#start = position
      this.#end = position + 1
      this.#value = value
    }
    return text
  }

  finish(): string {
    const text = this.#line()
    this.#value = Number.NaN
    return text
  }

  #line(): string {
    return Number.isNaN(this.#value)
      ? ''
      : `${this.#contig}\t${this.#start}\t${this.#end}\t${formatFloat32(this.#value)}\n`
  }
}
