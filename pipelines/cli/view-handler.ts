import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { localPath } from '../../src/io/bytes/local-path.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { ConfigError } from '../../src/errors.ts'
import { drawFigure, drawPage, viewPredictions } from '../view.ts'
import type { Environment } from './environment.ts'
import { print } from './print.ts'
import { parseWhole } from './values.ts'
import { type Argv, Words } from './words.ts'

/** Serves until the user interrupts, which is how it ends well. */
export async function view(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const path = (name: string): string | undefined => words.parsed(name, (_, value) => localPath(value))
  const files = {
    predictions: words.all('predictions').map(localPath),
    fasta: path('fasta'),
    genes: path('genes'),
    variants: path('variants'),
  }
  const [figure, page] = [path('svg'), path('static')]
  const region = words.one('region')
  if (figure !== undefined && page !== undefined)
    throw new ConfigError({ where: '--static', what: 'cannot be given with --svg', remedy: 'run the command twice' })
  const out = figure ?? page
  if (out !== undefined) {
    const draw = figure === undefined ? drawPage : drawFigure
    const inputs = [...files.predictions, files.fasta, files.genes, files.variants].filter((name) => name !== undefined)
    await write(out, inputs, () => draw(files, { region, signal }))
    return log.info(`wrote ${out}`)
  }
  if (region !== undefined)
    throw new ConfigError({
      where: '--region',
      what: 'needs --svg or --static',
      remedy: 'search for it in the page',
    })
  const running = await viewPredictions(files, {
    port: words.parsed('port', (option, value) => parseWhole(option, value, 1)),
    signal,
  })
  try {
    await print(`${running.address}\n`)
    if (argv['open'] !== false) openBrowser(running.address, log.info)
    log.info('serving to this machine alone; Ctrl-C ends it')
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await running.close()
  }
}

/** All of it or nothing. */
async function write(path: string, inputs: readonly string[], make: () => Promise<string>): Promise<void> {
  const sink = await openAtomicOutput(path, inputs)
  try {
    await sink.write([new TextEncoder().encode(await make())])
    await sink.finish()
  } catch (error) {
    await sink.abort()
    throw error
  }
}

/** Where there is a display; else the address that was printed must do. */
function openBrowser(address: string, say: (text: string) => void): void {
  const { platform, env } = process
  if (platform === 'linux' && !env['DISPLAY'] && !env['WAYLAND_DISPLAY']) return
  const command = platform === 'darwin' ? 'open' : platform === 'win32' ? 'explorer' : 'xdg-open'
  const child = spawn(command, [address], { stdio: 'ignore', detached: true })
  child.on('error', () => say('no browser could be opened: open the address yourself'))
  child.unref()
}
