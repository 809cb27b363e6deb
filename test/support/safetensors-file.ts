/** Writes safetensors in the simplest way, and lets a test spoil its header. */

export interface FileTensor {
  readonly dtype?: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

export const f32Tensor = (shape: readonly number[], values: ArrayLike<number>): FileTensor => ({
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(Float32Array.from(values).buffer),
})

/** A file of `header` as it stands (text or JSON) and data bytes. */
export function rawSafetensors(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + text.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true)
  bytes.set(text, 8)
  bytes.set(data, 8 + text.length)
  return bytes
}

export function safetensorsFile(
  tensors: Readonly<Record<string, FileTensor>>,
  metadata?: Record<string, string>,
): Uint8Array {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {}
  let at = 0
  const parts: Uint8Array[] = []
  for (const [name, { dtype = 'F32', shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] }
    at += bytes.length
    parts.push(bytes)
  }
  return rawSafetensors(header, new Uint8Array(Buffer.concat(parts)))
}
