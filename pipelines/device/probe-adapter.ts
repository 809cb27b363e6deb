// Run by choose-device.ts in a process of its own: prints what GPU adapter there is as a line of JSON, then, where it is
// asked to check it, what is wrong with it as another, and ends.
import type { Precision } from '../../src/kernels/precision.ts'
import { findAdapter } from '../../src/kernels/webgpu/adapter.ts'
import { adapterFault } from '../../src/kernels/webgpu/self-check.ts'

const [precision, which] = process.argv.slice(2) as [Precision, 'all' | 'hardware']
const print = (value: object): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(value)}\n`, () => resolve())
  })

const found = await findAdapter(precision)
if (!found.adapter) await print({ reason: found.reason })
else {
  const { name, isSoftware } = found
  await print({ name, isSoftware })
  if (which === 'all' || !isSoftware) await print({ fault: await adapterFault(found, precision) })
}
process.exit(0)
