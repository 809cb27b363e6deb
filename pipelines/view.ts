import { drawSvg } from '../apps/view/draw.ts'
import type { Span, ViewSource } from '../apps/view/source.ts'
import { showSpan } from '../apps/view/svg.ts'
import { expectNumber, expectWhole } from '../src/validate.ts'
import type { ViewFiles } from './view/file-source.ts'

export type { ViewFiles } from './view/file-source.ts'

/** Milliseconds that the page's picture waits for a large file; it is drawn again as more of it is read. */
const patience = 400

export interface ViewOptions {
  /** Default: any that is free. */
  readonly port?: number
  readonly signal?: AbortSignal
}

/** A page that is being served. */
export interface RunningView {
  /** On 127.0.0.1, with a random part without which nothing is served. */
  readonly address: string
  close(): Promise<void>
}

/**
 * Serves a page to look at predictions, with genes, variants and sequence where these are given; what the command `view`
 * does. Files are read by range as they are. Node only.
 *
 * @throws FormatError naming the file that is missing, incomplete or something else; ConfigError where the port is taken
 */
export async function viewPredictions(files: ViewFiles, { port = 0, signal }: ViewOptions = {}): Promise<RunningView> {
  const { FileSource } = await import('./view/file-source.ts')
  const { serveView } = await import('./view/server.ts')
  const source = await FileSource.open(files, signal, patience)
  try {
    const server = await serveView(source, port)
    const close = async (): Promise<void> => {
      await server.close()
      await source.close()
    }
    return { address: server.address, close }
  } catch (error) {
    await source.close()
    throw error
  }
}

export interface FigureOptions {
  /** A region, a position or a gene; default: all that is covered of the first contig. */
  readonly region?: string
  /** In pixels, 100 to 20,000; default 1,000. */
  readonly width?: number
  readonly signal?: AbortSignal
}

/**
 * Predictions of a region as a figure: tracks, exons, variants, and the sequence where it fits. Node only.
 *
 * @returns the text of an SVG file
 * @throws ConfigError for a `width` that cannot be
 * @throws FormatError as `viewPredictions`; RegionError where there is no such region
 */
export async function drawFigure(
  files: ViewFiles,
  { region, width = 1000, signal }: FigureOptions = {},
): Promise<string> {
  expectWhole('width', width, { least: 100, most: 20_000 })
  const { FileSource } = await import('./view/file-source.ts')
  const source = await FileSource.open(files, signal)
  try {
    const { lanes, title } = await source.info()
    const span = await spanOf(source, region)
    const shown = await source.show(span, width)
    return drawSvg(lanes, shown, { width, theme: 'light', title: `${title} · ${showSpan(span)}`, isFile: true })
  } finally {
    await source.close()
  }
}

export interface ImageOptions extends FigureOptions {
  /** Pixels of the image for one of the figure's width; default 2, which prints sharply. At most 20. */
  readonly scale?: number
}

/**
 * The figure of `drawFigure` as an image, on white. Node only.
 *
 * @returns the bytes of a PNG file
 * @throws ConfigError for a `scale` that cannot be, else as `drawFigure`
 */
export async function drawImage(files: ViewFiles, { scale = 2, ...options }: ImageOptions = {}): Promise<Uint8Array> {
  expectNumber('scale', scale, { least: 0.1, most: 20 })
  const { pngOf } = await import('./view/png.ts')
  return pngOf(await drawFigure(files, options), scale)
}

export interface PageOptions {
  /** A region, a position or a gene; default: all that is covered of the first contig. */
  readonly region?: string
  readonly signal?: AbortSignal
}

/**
 * Predictions of a region as a page that needs no server and no network: the page of `viewPredictions`, with its script,
 * style and data in one file. Node only.
 *
 * @returns the text of an HTML file
 * @throws FormatError as `viewPredictions`; RegionError where there is no such region, or too much of it for one file
 */
export async function drawPage(files: ViewFiles, { region, signal }: PageOptions = {}): Promise<string> {
  const { FileSource } = await import('./view/file-source.ts')
  const { staticPage } = await import('./view/static-page.ts')
  const source = await FileSource.open(files, signal)
  try {
    return await staticPage(source, await spanOf(source, region), signal)
  } finally {
    await source.close()
  }
}

/** What is asked for, or all that is covered of the first contig. */
async function spanOf(source: ViewSource, region: string | undefined): Promise<Span> {
  const [{ name, start, end }] = (await source.info()).contigs
  return region === undefined ? { contig: name, start, end } : source.find(region, name)
}
