import type { Backend } from '../src/kernels/backend.ts'
import { createCpuBackend } from '../src/kernels/cpu/cpu-backend.ts'

export async function createBackend(_choice: 'auto' | 'gpu' | 'cpu', options: { threads?: number; memoryBytes?: number; onWarning?: (text: string) => void }): Promise<Backend> {
  return createCpuBackend(options)
}
