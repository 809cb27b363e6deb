import type { CommandModule } from 'yargs'
import { inFlags } from './flags.ts'
import { logOptions } from './options.ts'
import { print, printJson } from './print.ts'

/** `genoconv devices`: what there is to compute on, what `auto` would take, and why. */
export const devicesCommand = (): CommandModule => ({
  command: 'devices',
  describe: 'What it can run on, whether it computes right there, and which it would choose',
  builder: (yargs) =>
    yargs
      .options({ json: logOptions['json'], debug: logOptions['debug'] })
      .example('$0 devices', 'the devices, a line each; * marks what --device auto takes')
      .example('$0 devices --json', 'the same for machines'),
  handler: async (argv) => {
    const { listDevicesQuietly } = await import('../device/choose-device.ts')
    const devices = (await listDevicesQuietly()).map((device) => ({ ...device, reason: inFlags(device.reason) }))
    if (argv['json'] === true) return printJson(devices)
    const width = Math.max(...devices.map(({ name }) => name.length))
    for (const { name, kind, isSoftware, check, chosen, reason } of devices) {
      const what = kind === 'cpu' ? 'cpu' : isSoftware ? 'software gpu' : 'gpu'
      await print(
        `${chosen ? '*' : ' '} ${name.padEnd(width)}  ${what.padEnd(12)}  ${check === 'passed' ? 'computes right; ' : ''}${reason}\n`,
      )
    }
  },
})
