import { setFlagsFromString } from 'node:v8'
import { type LinearExports, linearWasm } from '../generated/linear.wasm.ts'
import { WasmScratch, type WasmVariant } from './wasm.ts'

/*
 * Which build of the kernels this JavaScript engine runs best. 'relaxed' and 'wide' give the same bits but for dilated convolutions in
 * the frequency domain, where the build decides which columns share a transform; it is part of the backend's description, by
 * which resumed runs and shards are refused on another.
 */

/** The version of V8 as major + minor / 100, so 11.3 is 11.03; 0 in other engines. */
function v8Version(): number {
  const [major = 0, minor = 0] = (process.versions.v8 ?? '').split('.').map(Number)
  return major + minor / 100
}

const widening = { from: 13.06, newestTested: 14.06 } // Node 24 to 26

let known: WasmVariant | undefined

/**
 * The build to use, found once a process; also sets the flags of V8 that it needs, for the whole process:
 * - relaxed SIMD (fused multiply-add) is behind a flag up to V8 11.3, which is Node 20;
 * - from V8 13.6 on (Node 24) the optimising compiler joins neighbouring 128-bit vectors to 256-bit ones, if asked. As that is called
 *   experimental there, it is asked for up to the newest engine that the kernels' tests were run on (CONTRIBUTING.md says how), and
 *   whether it pays on this processor, and is right, is tried: the same product by both builds, compared bit for bit and timed.
 */
export function engineVariant(): WasmVariant {
  known ??= findVariant()
  return known
}

/** Whether Node was built with that part of V8 (on x64 it is); elsewhere V8 complains of an unknown flag. */
const canJoin = (): boolean =>
  (process.config.variables as Record<string, unknown>)['v8_enable_wasm_simd256_revec'] === 1

function findVariant(): WasmVariant {
  const version = v8Version()
  if (version > 0 && version < 11.04) setFlagsFromString('--experimental-wasm-relaxed-simd')
  if (!WebAssembly.validate(Buffer.from(linearWasm.relaxed, 'base64'))) return 'simd'
  if (version < widening.from || version > widening.newestTested || !canJoin()) return 'relaxed'
  setFlagsFromString('--experimental-wasm-revectorize')
  if (widePays()) return 'wide'
  setFlagsFromString('--no-experimental-wasm-revectorize')
  return 'relaxed'
}

/** Of the probe; the products of one call take some 2 µs. */
const [outputs, inputs, positions, rounds] = [12, 64, 64, 12]

function widePays(): boolean {
  setFlagsFromString('--no-liftoff') // so that the first call is compiled as the thousandth would be
  try {
    const narrow = new Probe('relaxed')
    const wide = new Probe('wide')
    const [first, second] = [narrow.run(), wide.run()]
    if (first.length === 0 || first.some((value, i) => value !== second[i])) return false
    const best = { narrow: Infinity, wide: Infinity }
    for (let r = 0; r < rounds; r++) {
      best.narrow = Math.min(best.narrow, narrow.time())
      best.wide = Math.min(best.wide, wide.time())
    }
    return best.wide < best.narrow
  } finally {
    if (!process.execArgv.includes('--no-liftoff')) setFlagsFromString('--liftoff')
  }
}

/** One dense layer with fixed operands, in one build. */
class Probe {
  readonly #scratch: WasmScratch<LinearExports>
  readonly #call: () => void
  readonly #y: number

  constructor(variant: WasmVariant) {
    this.#scratch = new WasmScratch(linearWasm, variant)
    const { exports } = this.#scratch
    const [block, panel] = [exports.blockOutputs.value, exports.panelPositions.value]
    const allocate = (count: number): number => this.#scratch.allocate(count)
    const [weight, packed, bias, rows, panels] = [
      outputs * inputs,
      outputs * inputs,
      outputs,
      inputs * positions,
      inputs * positions,
    ].map(allocate) as [number, number, number, number, number]
    this.#y = allocate(outputs * positions)
    const memory = this.#scratch.all()
    let state = 1
    for (let i = weight / 4; i < panels / 4; i++) {
      state = Math.imul(state, 48271) & 0x7fffffff || 1
      memory[i] = state / 2 ** 30 - 1
    }
    exports.packWeights(packed, weight, inputs * 4, outputs, inputs, inputs)
    exports.toPanels(panels, rows, positions * 4, inputs, positions / panel)
    this.#call = () =>
      exports.multiply(
        this.#y,
        positions * 4,
        panel * 4,
        packed,
        bias,
        panels,
        inputs,
        outputs / block,
        positions / panel,
      )
  }

  run(): Float32Array {
    this.#call()
    return this.#scratch.floats(this.#y, outputs * positions).slice()
  }

  /** Milliseconds of a few calls. */
  time(): number {
    const start = performance.now()
    for (let i = 0; i < 4; i++) this.#call()
    return performance.now() - start
  }
}
