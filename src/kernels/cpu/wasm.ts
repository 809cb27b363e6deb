import { DeviceError } from '../../errors.ts'

/**
 * A kernel module in three builds, base64: for engines with fixed SIMD only; with relaxed SIMD (fused multiply-add); and with relaxed
 * SIMD in blocks twice as wide, for engines that join vectors of 128 bits to 256 (others spill their registers on it).
 */
export interface WasmSource<Exports = unknown> {
  readonly simd: string
  readonly relaxed: string
  readonly wide: string
  /** Never there: carries the type of the module's exports, which is generated with it. */
  readonly exports?: Exports
}
/** Which build of the kernels runs; see engine.ts. */
export type WasmVariant = 'simd' | 'relaxed' | 'wide'

const scratchBase = 65536 // static data of a kernel module stays below this
const pageBytes = 65536

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** One instance of a kernel module with a memory of its own, used as this worker's scratch. */
export class WasmScratch<Exports = unknown> {
  readonly exports: Exports
  readonly #memory: WebAssembly.Memory
  #next = scratchBase

  constructor(source: WasmSource<Exports>, variant: WasmVariant) {
    const module = new WebAssembly.Module(bytesOf(source[variant]))
    const instance = new WebAssembly.Instance(module, {
      env: {
        abort: () => {
          throw new Error('a WASM kernel aborted')
        },
      },
    })
    this.exports = instance.exports as Exports
    this.#memory = (instance.exports as unknown as { memory: WebAssembly.Memory }).memory
  }

  /** Forgets all areas handed out by `allocate` (their contents stay until overwritten). */
  reset(): void {
    this.#next = scratchBase
  }

  /**
   * `floatCount` f32 of scratch, aligned to 64 bytes; gives the byte address. Grows the memory, which detaches arrays
   * made by `floats` before: allocate all areas first, then make arrays.
   */
  allocate(floatCount: number): number {
    const address = this.#next
    this.#next = Math.ceil((address + floatCount * 4) / 64) * 64
    const missing = this.#next - this.#memory.buffer.byteLength
    if (missing > 0) {
      try {
        this.#memory.grow(Math.ceil(missing / pageBytes))
      } catch (cause) {
        this.reset()
        throw new DeviceError('out-of-memory', {
          where: 'cpu',
          what: "a compute thread's scratch memory cannot be had",
          expected: 'less than 4 GiB, and as much free',
          got: `${address + floatCount * 4} bytes`,
          cause,
        })
      }
    }
    return address
  }

  /** All of the scratch as f32; element index = byte address / 4. */
  all(): Float32Array {
    return new Float32Array(this.#memory.buffer)
  }

  /** The scratch at a byte address as f32. */
  floats(address: number, floatCount: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, floatCount)
  }

  /** The scratch at a byte address as i32. */
  words(address: number, wordCount: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, wordCount)
  }
}
