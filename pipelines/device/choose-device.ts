import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  type BackendOptions,
  type ChosenBackend,
  chooseBackend,
  createBackend,
  decide,
  type DeviceChoice,
  type DeviceListing,
  listingOf,
} from '../../src/kernels/create-backend.ts'
import type { Precision } from '../../src/kernels/precision.ts'
import type { AdapterFacts, NoAdapter } from '../../src/kernels/webgpu/adapter-facts.ts'
import { refusal } from '../../src/kernels/webgpu/device-errors.ts'
import { calibrationName, planConstants } from './plan-constants.ts'

/** What the other process saw: an adapter, checked or not, or why there is none. */
type Seen = ({ readonly adapter: object; readonly isChecked: boolean } & AdapterFacts) | NoAdapter

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
/** A GPU nobody asked for by name is not waited for long; a software driver on a busy machine compiles for minutes. */
const timeoutSeconds = { hardware: 60, all: 600 } as const

/**
 * `chooseBackend` of the kernels, with the look for a GPU, and the check of what it computes, done in a process of its own:
 * graphics drivers write to standard error as they like, take time to load, and some crash. CPU plans go by what
 * `genoconv bench --calibrate` found, where it was run.
 */
export async function chooseDevice(choice: DeviceChoice, given: BackendOptions = {}): Promise<ChosenBackend> {
  const found = await planConstants(given.onWarning)
  const name = calibrationName(found)
  const options: BackendOptions =
    name === undefined ? given : { ...given, calibration: { name, constants: found.constants } }
  if (choice !== 'auto' && choice !== 'gpu') return chooseBackend(choice, options)
  const seen = await probeInProcess(given.precision, choice === 'gpu' ? 'all' : 'hardware')
  const isChecked = seen.adapter !== undefined && seen.isChecked
  if (seen.adapter && seen.fault !== undefined) {
    const refused = refusal(seen.name, seen.fault)
    if (choice === 'gpu') throw refused
    if (!seen.isSoftware) given.onWarning?.(`continuing without the GPU: ${refused.message}`)
  }
  const { device, reason } = decide(seen)
  return device === 'cpu' && choice === 'auto'
    ? { backend: await createBackend('cpu', options), reason }
    : chooseBackend(choice, options, { isChecked })
}

/** The lines of `genoconv devices`. */
export const listDevicesQuietly = async (): Promise<readonly DeviceListing[]> =>
  listingOf(await probeInProcess('f32', 'all'))

/** Checks hardware, or `all`: software adapters too. */
async function probeInProcess(precision: Precision = 'f32', which: 'all' | 'hardware'): Promise<Seen> {
  const program = fileURLToPath(new URL(`./probe-adapter${extension}`, import.meta.url))
  const words = [...process.execArgv, program, precision, which]
  return new Promise((resolve) => {
    execFile(process.execPath, words, { timeout: timeoutSeconds[which] * 1000 }, (error, stdout) => {
      const said = stdout.split('\n').filter((line) => line.startsWith('{')) // drivers print too
      const seen = Object.assign({}, ...said.map((line) => JSON.parse(line))) as Seen
      const ended = error?.killed
        ? `no end in ${timeoutSeconds[which]} s`
        : (error?.signal ?? error?.code ?? 'no answer')
      if (said.length === 0) resolve({ reason: `looking for one failed (${ended})` })
      else if (!('name' in seen)) resolve(seen)
      else {
        const fault = error ? `the driver fails at a test computation (${ended})` : seen.fault
        resolve({ ...seen, fault, adapter: {}, isChecked: which === 'all' || !seen.isSoftware })
      }
    })
  })
}
