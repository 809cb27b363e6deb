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
import { calibrationName, planConstants } from './plan-constants.ts'

/** What the other process saw: an adapter, or why there is none. */
type Seen = { readonly name: string; readonly isSoftware: boolean } | { readonly reason: string }

const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
const probeTimeoutMs = 20_000

/**
 * `chooseBackend` of the kernels, with the look for a GPU done in a process of its own where nobody asked for one by
 * name: graphics drivers write to standard error as they like, take time to load, and some crash. CPU plans go by what
 * `genoconv bench --calibrate` found, where it was run.
 */
export async function chooseDevice(choice: DeviceChoice, given: BackendOptions = {}): Promise<ChosenBackend> {
  const found = await planConstants(given.onWarning)
  const name = calibrationName(found)
  const options: BackendOptions =
    name === undefined ? given : { ...given, calibration: { name, constants: found.constants } }
  if (choice !== 'auto') return chooseBackend(choice, options)
  const { device, reason } = decide(await probeInProcess())
  return device === 'cpu' ? { backend: await createBackend('cpu', options), reason } : chooseBackend('auto', options)
}

/** The lines of `genoconv devices`. */
export const listDevicesQuietly = async (): Promise<readonly DeviceListing[]> => listingOf(await probeInProcess())

async function probeInProcess(): Promise<Parameters<typeof decide>[0]> {
  const program = fileURLToPath(new URL(`./probe-adapter${extension}`, import.meta.url))
  const seen = await new Promise<Seen>((resolve) => {
    execFile(process.execPath, [...process.execArgv, program], { timeout: probeTimeoutMs }, (error, stdout) => {
      try {
        resolve(JSON.parse(stdout.slice(stdout.lastIndexOf('{'))) as Seen)
      } catch {
        resolve({ reason: `looking for one failed (${error?.signal ?? error?.code ?? 'no answer'})` })
      }
    })
  })
  return 'name' in seen ? { ...seen, adapter: {} as never } : seen
}
