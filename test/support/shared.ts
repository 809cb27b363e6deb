import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe } from 'vitest'

const root = fileURLToPath(new URL('../../../shared/', import.meta.url))
export const hasShared = existsSync(root)
export const sharedPath = (path: string): string => root + path

/** Tests on the real genomes, weights and reference outputs beside the checkout; where those are absent they say that they skipped. */
export function describeShared(name: string, body: () => void): void {
  if (hasShared) describe(name, body)
  else describe.skip(`${name} (skipped: ../shared is absent)`, () => {})
}

export interface TestTensor {
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/** A safetensors file read in the simplest way, independent of the reader under test. */
export function readTensors(path: string): Map<string, TestTensor> {
  const bytes = readFileSync(path)
  const headerLength = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >
  const out = new Map<string, TestTensor>()
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue
    const [start, end] = entry.data_offsets
    const data = bytes.buffer.slice(
      bytes.byteOffset + 8 + headerLength + start,
      bytes.byteOffset + 8 + headerLength + end,
    )
    const read = {
      F64: () => new Float64Array(data),
      F32: () => new Float32Array(data),
      I32: () => new Int32Array(data),
      U8: () => new Uint8Array(data),
    }[entry.dtype]
    if (!read) throw new Error(`${path}: ${name} has dtype ${entry.dtype}`)
    out.set(name, { shape: entry.shape, values: Float64Array.from(read()) })
  }
  return out
}
export function readTensor(path: string, name: string): TestTensor {
  const tensor = readTensors(path).get(name)
  if (!tensor) throw new Error(`${path} has no ${name}`)
  return tensor
}
