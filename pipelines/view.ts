import type { ViewFiles } from './view/file-source.ts'

export type { ViewFiles } from './view/file-source.ts'

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
  const source = await FileSource.open(files, signal)
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
