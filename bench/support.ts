import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
export const count = (value: number): string => Math.round(value).toLocaleString('en')
export const mebibytes = (bytes: number): string => `${count(bytes / 2 ** 20)} MiB`
export const peakBytes = (): number => process.resourceUsage().maxRSS * 1024

/** `--name value` pairs of the command line as numbers, over `defaults`. */
export function numberOptions<T extends Record<string, number>>(defaults: T): T {
  const out: Record<string, number> = { ...defaults }
  const words = process.argv.slice(2)
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].replace(/^--/, '')
    if (!(name in defaults) || !(Number(words[i + 1]) > 0))
      throw new Error(
        `unknown option ${words[i]}; there are ${Object.keys(defaults)
          .map((n) => `--${n}`)
          .join(', ')}`,
      )
    out[name] = Number(words[i + 1])
  }
  return out as T
}

/** What PyTorch needs for the same work, as ../shared/bench/peer_torch.py prints it. */
export interface Peer {
  readonly torch: string
  readonly threads: number
  readonly bases_per_s: number
  readonly peak_rss_mb: number
}

/** Runs the peer; a text says why it could not be run. Looks for a python with torch: GENOCONV_PYTHON, else python3. */
export function runPeer(words: readonly string[]): Peer | string {
  const script = fileURLToPath(new URL('../../shared/bench/peer_torch.py', import.meta.url))
  if (!existsSync(script)) return '../shared/bench/peer_torch.py is not there'
  const python = [process.env['GENOCONV_PYTHON'], 'python3'].find(
    (name) => name && spawnSync(name, ['-c', 'import torch']).status === 0,
  )
  if (!python) return 'no python with torch; set GENOCONV_PYTHON'
  const { status, stdout, stderr } = spawnSync(python, [script, ...words], { encoding: 'utf8', maxBuffer: 2 ** 24 })
  return status === 0 ? (JSON.parse(stdout) as Peer) : `it failed: ${stderr.trim().split('\n').at(-1)}`
}

export interface Timing {
  readonly basesPerSecond: number
  readonly peakBytes: number
  readonly device: string
}

/** Prints ours, and PyTorch's beside it with the ratios. */
export function report(
  title: string,
  ours: Readonly<Record<string, Timing>>,
  peers: Readonly<Record<string, Peer | string>>,
): void {
  console.log(title)
  const all = Object.entries(ours)
  for (const [name, { device, basesPerSecond, peakBytes }] of all)
    console.log(`  ${name}, ${device}: ${count(basesPerSecond)} bases/s, peak ${mebibytes(peakBytes)}`)
  for (const [name, peer] of Object.entries(peers)) {
    if (typeof peer === 'string') {
      console.log(`  ${name}: not measured, ${peer}`)
      continue
    }
    console.log(
      `  ${name} (torch ${peer.torch}, ${peer.threads} threads): ${count(peer.bases_per_s)} bases/s, peak ${count(peer.peak_rss_mb)} MiB`,
    )
    for (const [ourName, { basesPerSecond, peakBytes }] of all) {
      const ratio = (basesPerSecond / peer.bases_per_s).toFixed(2)
      const memory = (peakBytes / 2 ** 20 / peer.peak_rss_mb).toFixed(2)
      console.log(`    ${ourName}: ${ratio} x as fast, in ${memory} x the memory`)
    }
  }
}
