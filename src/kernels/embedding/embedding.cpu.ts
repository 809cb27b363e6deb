import type { CpuKernel } from '../cpu/steps.ts'
import { copyIn, copyOut, multipleOf, phaseBytes, rowFloatsFor, tileLengthFor } from '../cpu/dense-tile.ts'
import { embeddingWasm } from '../generated/embedding.wasm.ts'

/** Positions are shared out in tiles; the table is kept four channels at a time, so that one load serves four rows of the result. */
export const embeddingCpu: CpuKernel<'embedding'> = ({ out, codes, table }, context) => {
  const [rowCount, channels] = table.shape as [number, number]
  const tileLength = tileLengthFor(out.length, context.workerCount, 4)
  const rowFloats = rowFloatsFor(tileLength)
  const scratch = context.wasm(embeddingWasm)
  const wasm = scratch.exports
  scratch.reset()
  const groups = scratch.allocate(multipleOf(4, channels) * rowCount) // [channels / 4][rows][4]
  const offsets = scratch.allocate(tileLength)
  const rows = scratch.allocate(4 * rowFloats + 16)
  const memory = scratch.all()
  for (let c = 0; c < channels; c++) {
    const to = groups / 4 + (c >> 2) * rowCount * 4 + (c & 3)
    for (let r = 0; r < rowCount; r++) memory[to + r * 4] = table.data[r * channels + c]
  }

  for (const tile of context.tiles(Math.ceil(out.length / tileLength))) {
    const start = tile * tileLength
    const count = Math.min(tileLength, out.length - start)
    copyIn(memory, offsets, rowFloats, codes, start, count)
    const wrong = wasm.rowOffsets(offsets, count, rowCount)
    if (wrong >= 0) {
      throw new RangeError(
        `embedding: code ${memory[offsets / 4 + wrong]} at position ${start + wrong}: expected a whole number below ${rowCount}`,
      )
    }
    const padded = multipleOf(4, count)
    memory.fill(0, offsets / 4 + count, offsets / 4 + padded)
    const result = rows + phaseBytes(out, start)
    for (let c = 0; c < channels; c += 4) {
      wasm.lookUp(result, rowFloats * 4, groups + c * rowCount * 4, offsets, padded)
      copyOut(memory, result, rowFloats, out, start, count, c, Math.min(4, channels - c))
    }
  }
}
