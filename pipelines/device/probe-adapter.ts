// Run by choose-device.ts in a process of its own: prints what GPU adapter there is as one JSON object, and ends.
import { findAdapter } from '../../src/kernels/webgpu/adapter.ts'

const found = await findAdapter()
process.stdout.write(
  JSON.stringify(found.adapter ? { name: found.name, isSoftware: found.isSoftware } : { reason: found.reason }),
  () => process.exit(0),
)
