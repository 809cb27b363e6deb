import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { fonts } from '../../apps/view/generated/fonts.ts'

let prepared: Promise<typeof import('@resvg/resvg-wasm')> | undefined

/** Loaded when the first picture is made, and only once: a second start is an error of the library. */
function renderer(): Promise<typeof import('@resvg/resvg-wasm')> {
  prepared ??= (async () => {
    const resvg = await import('@resvg/resvg-wasm')
    await resvg.initWasm(await readFile(fileURLToPath(import.meta.resolve('@resvg/resvg-wasm/index_bg.wasm'))))
    return resvg
  })()
  return prepared
}

/**
 * A picture of `drawFigure` as pixels, on white. The letters are those of the package's own font, whatever is installed.
 *
 * @param scale pixels of the PNG for one of the SVG
 * @returns the bytes of a PNG file
 */
export async function pngOf(svg: string, scale: number): Promise<Uint8Array> {
  const { Resvg } = await renderer()
  const picture = new Resvg(svg, {
    background: 'white',
    fitTo: { mode: 'zoom', value: scale },
    font: { fontBuffers: fonts.map((text) => Buffer.from(text, 'base64')), defaultFontFamily: 'DejaVu Sans' },
  })
  try {
    const image = picture.render()
    try {
      return image.asPng().slice()
    } finally {
      image.free()
    }
  } finally {
    picture.free()
  }
}
