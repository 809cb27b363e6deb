import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { create } from 'webgpu'
import { afterEach, describe, expect, it } from 'vitest'
import { gpuSkipReason } from '../../support/backends.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { predictHere, scratch } from '../../support/run-predict.ts'

// A GPU that is lost in the middle of a run (here a software one, destroyed).

const path = scratch()
const fasta = path('in.fa')
const common = { fasta: [fasta], chunk: '600', device: 'gpu' }
writeFileSync(fasta, `>one\n${randomSequence(3000, 1)}\n>two\n${randomSequence(1500, 2)}\n`)

/** Kept to the end: Dawn ends when its instance is collected, whatever is still running. */
const instances: GPU[] = []

/** The devices that are opened from now on. As in a browser: `navigator.gpu` is asked before the webgpu package. */
function watchDevices(): GPUDevice[] {
  const devices: GPUDevice[] = []
  const gpu = create([])
  instances.push(gpu)
  const requestAdapter = async (options?: GPURequestAdapterOptions): Promise<GPUAdapter | null> => {
    const adapter = await gpu.requestAdapter(options)
    if (!adapter) return null
    const requestDevice = async (descriptor?: GPUDeviceDescriptor): Promise<GPUDevice> => {
      const device = await adapter.requestDevice(descriptor)
      devices.push(device)
      return device
    }
    return { info: adapter.info, limits: adapter.limits, features: adapter.features, requestDevice } as GPUAdapter
  }
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { gpu: { requestAdapter } } })
  return devices
}
const hadNavigator = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
afterEach(() => {
  if (hadNavigator) Object.defineProperty(globalThis, 'navigator', hadNavigator)
  else Reflect.deleteProperty(globalThis, 'navigator')
})

describe.skipIf(gpuSkipReason !== undefined)(
  `a device lost in the middle of a run${gpuSkipReason === undefined ? '' : ` (skipped: ${gpuSkipReason})`}`,
  () => {
    const lostAt = async (name: string, argv: Readonly<Record<string, unknown>>) => {
      const devices = watchDevices()
      const run = await predictHere(
        { ...common, output: path(name), ...argv },
        ({ basesDone }) => void (basesDone > 1700 && devices[0].destroy()),
      )
      expect(devices.length).toBeGreaterThan(0)
      return run
    }
    it('is one clear error; --resume ends in the bytes of an undisturbed run', async () => {
      const { error: none } = await predictHere({ ...common, output: path('whole.tsv') })
      expect(none).toBeUndefined()
      const { error } = await lostAt('out.tsv', { resume: true })
      expect(error?.class).toBe('DeviceError')
      expect(error?.text).toMatch(
        /^gpu .*: the device was lost \(.*\); .*with --resume nothing that was finished is lost$/,
      )
      const { error: later, lines } = await predictHere({ ...common, output: path('out.tsv'), resume: true })
      expect(later).toBeUndefined()
      expect(lines.join('\n')).toMatch(/continuing after row [\d,]{4,} of /)
      expect(readFileSync(path('out.tsv')).equals(readFileSync(path('whole.tsv')))).toBe(true)
    })

    it('leaves nothing without --resume', async () => {
      const { error } = await lostAt('none.tsv', {})
      expect(error?.class).toBe('DeviceError')
      expect([
        existsSync(path('none.tsv')),
        existsSync(path('none.tsv.partial')),
        existsSync(path('none.tsv.partial.json')),
      ]).toEqual([false, false, false])
    })
  },
)
