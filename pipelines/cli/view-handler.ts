import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { localPath } from '../../src/io/bytes/local-path.ts'
import { openAtomicOutput } from '../../src/io/bytes/atomic-output.ts'
import { standardOutput } from '../../src/io/bytes/stream-output.ts'
import { ConfigError } from '../../src/errors.ts'
import { drawFigure, drawImage, drawPage, viewPredictions } from '../view.ts'
import type { Environment } from './environment.ts'
import { print } from './print.ts'
import { parseNumber, parseWhole } from './values.ts'
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
  const region = words.one('region')
  const width = words.parsed('width', (option, value) => parseWhole(option, value, 100))
  const scale = words.parsed('scale', (option, value) => parseNumber(option, value, 0.1, 20))
  const kinds: Readonly<Record<string, () => Promise<string | Uint8Array>>> = {
    svg: () => drawFigure(files, { region, width, signal }),
    png: () => drawImage(files, { region, width, scale, signal }),
    static: () => drawPage(files, { region, signal }),
  }
  const given = Object.keys(kinds).filter((kind) => path(kind) !== undefined)
  checkTogether(words, given)
  if (given.length > 0) {
    const out = path(given[0])!
    if (out === '') throw new ConfigError({ option: given[0], what: 'is empty', expected: "a file's name, or -" })
    const inputs = [...files.predictions, files.fasta, files.genes, files.variants].filter((name) => name !== undefined)
    await write(out, inputs, kinds[given[0]])
    return log.info(`wrote ${out === '-' ? 'to standard output' : out}`)
  }
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

/** What belongs to which file; without any of these it says nothing. */
const settingsOf: Readonly<Record<string, readonly string[]>> = {
  region: ['svg', 'png', 'static'],
  width: ['svg', 'png'],
  scale: ['png'],
}

/** @throws ConfigError for two kinds of file, and for a setting of a kind that is not written */
function checkTogether(words: Words, given: readonly string[]): void {
  if (given.length > 1)
    throw new ConfigError({
      where: `--${given[1]}`,
      what: `cannot be given with --${given[0]}`,
      remedy: 'run the command twice',
    })
  for (const [setting, kinds] of Object.entries(settingsOf)) {
    if (words.one(setting) === undefined || kinds.some((kind) => given.includes(kind))) continue
    throw new ConfigError({
      where: `--${setting}`,
      what: `needs ${kinds.map((kind) => `--${kind}`).join(' or ')}`,
      ...(setting === 'region' && { remedy: 'search for it in the page' }),
    })
  }
}

/** All of it or nothing; `-` is standard output. */
async function write(path: string, inputs: readonly string[], make: () => Promise<string | Uint8Array>): Promise<void> {
  const sink = path === '-' ? standardOutput() : await openAtomicOutput(path, inputs)
  try {
    const content = await make()
    await sink.write([typeof content === 'string' ? new TextEncoder().encode(content) : content])
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
