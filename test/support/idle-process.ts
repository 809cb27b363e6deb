// Run as a program of its own: computes on the CPU and leaves the backend open. It must end by itself.
import { createCpuBackend } from '../../src/kernels/cpu/cpu-backend.ts'

const backend = createCpuBackend({ threads: 2 })
const tensor = backend.tensor(1, 3)
backend.write(tensor, Float32Array.of(1, 2, 3))
process.stdout.write(`${(await backend.read(tensor)).join(' ')}\n`)
createCpuBackend({ threads: 1 }) // and one that never does anything
