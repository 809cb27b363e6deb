import { linearWasm } from '../generated/linear.wasm.ts'
import { bytesOf, type WasmVariant } from './wasm.ts'

let known: WasmVariant | undefined

/** The build of the kernels to use: that with fused multiply-add where the browser has it. The wide one needs a flag of V8. */
export function engineVariant(): WasmVariant {
  known ??= WebAssembly.validate(bytesOf(linearWasm.relaxed)) ? 'relaxed' : 'simd'
  return known
}
