import { join } from 'node:path'
import { expect, it } from 'vitest'
import { palette } from '../../../apps/view/colours.ts'
import { drawImage, writeArrow } from '../../../src/index.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'
import { decodePng } from '../../support/png.ts'

const folder = temporaryFolder()

/** 1,000 bases of zeros with one 1, at 500. */
async function withPeak(): Promise<string> {
  const path = join(folder.path, 'peak.arrow')
  const batches = async function* () {
    const donor = new Float32Array(1000)
    donor[500] = 1
    const bases = new Uint8Array(1000).fill(65)
    yield { region: { contig: 'one', start: 0, end: 1000 }, bases, tracks: { donor }, regionIndex: 0 }
  }
  await writeArrow(batches(), path)
  return path
}

it('an image: its size, white paper, the peak where it stands, letters without fonts of the machine', async () => {
  const predictions = [await withPeak()]
  const image = decodePng(await drawImage({ predictions }, { width: 1000 }))
  const [, height] = [expect(image.width).toBe(2000), image.height]
  const column = (x: number): string[] => Array.from({ length: height }, (_, y) => image.at(x, y))
  const blue = palette.light.tracks[0]
  const [peak, beside] = [column(1001), column(940)].map((pixels) => pixels.filter((one) => one === blue).length)
  expect(peak).toBeGreaterThan(100) // as high as the lane: 58 pixels of the figure
  expect(beside).toBeLessThan(4) // the bars of zero
  expect([image.at(0, 0), image.at(1999, height - 1)]).toEqual(['#ffffff', '#ffffff'])
  const title = Array.from({ length: 300 * 40 }, (_, i) => image.at(i % 300, Math.floor(i / 300)))
  expect(title.filter((one) => one === palette.light.ink).length).toBeGreaterThan(200)
  const small = decodePng(await drawImage({ predictions }, { width: 400, scale: 0.5 }))
  expect([small.width, small.height]).toEqual([200, Math.ceil(height / 4)])
})

it.each([
  [{ scale: 21 }, /scale/],
  [{ scale: Number.NaN }, /scale/],
  [{ width: 50 }, /width/],
  [{ region: '999-1001' }, /outside/],
])('%j is refused', async (options, message) => {
  await expect(drawImage({ predictions: [await withPeak()] }, options)).rejects.toThrow(message)
})
