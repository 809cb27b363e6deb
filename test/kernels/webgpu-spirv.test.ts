import { describe, expect, it } from 'vitest'
import * as shaders from '../../src/kernels/generated/wgsl.ts'
import { compileOffline, offlineSkipReason } from '../support/gpu-compile.ts'
import { listedPipelines } from '../support/gpu-pipelines.ts'
import { spirvFaults } from '../support/spirv.ts'

const { unroll } = (await import(new URL('../../scripts/unroll.mjs', import.meta.url).href)) as {
  unroll: (code: string) => string
}

/*
 * What compilers of GPU drivers are given. Values that a thread holds become registers only where they are reached by
 * constant indices; a loop that Dawn cannot prove finite gets a 64-bit counter and a second exit.
 */
describe('the list of pipelines', () => {
  it('has every entry point of every shader, but those on matrix units', () => {
    for (const [name, { code }] of Object.entries(shaders)) {
      if (name.endsWith('Matrix')) continue
      const entries = [...code.matchAll(/@compute[^\n]*\nfn (\w+)/g)].map(([, entry]) => entry)
      const listed = listedPipelines.filter(({ shader }) => shader.replace(/Parts$/, '') === name.replace(/Parts$/, ''))
      expect([...new Set(listed.map(({ entry }) => entry))].sort()).toEqual(entries.sort())
    }
  })
})

describe('loops over registers', () => {
  it('are written out, within each other too', () => {
    const code =
      'a();\nfor (var i = 0u; i < upTo(2u); i++) {\n  for (var j = 1u; j < upTo(6u); j += 4u) {\n    v[i] = f(j, ii);\n  }\n}\nb();'
    expect(unroll(code).replaceAll(/\s+/g, ' ')).toBe(
      'a(); { { v[0u] = f(1u, ii); } { v[0u] = f(5u, ii); } } { { v[1u] = f(1u, ii); } { v[1u] = f(5u, ii); } } b();',
    )
  })

  it.skipIf(offlineSkipReason !== undefined)(
    `leave no index that is not constant, and no loop of a transform is guarded${offlineSkipReason === undefined ? '' : ` (skipped: ${offlineSkipReason})`}`,
    () => {
      const compiled = compileOffline()
      expect(compiled.length).toBe(listedPipelines.filter(({ precision }) => precision === 'f32').length)
      for (const { name, spirv, statistics } of compiled) {
        const { dynamicIndices, guardedLoops } = spirvFaults(spirv)
        expect([name, ...dynamicIndices]).toEqual([name])
        // 512 threads leave 128 registers each, a few too few for the largest block; everything else stays in registers.
        if (name !== 'fusedConv, 8192 points') expect([name, statistics.get('Scratch size')]).toEqual([name, 0])
        if (/^(fused|rows|columns)/.test(name)) expect([name, guardedLoops]).toEqual([name, 0])
      }
    },
    300_000,
  )
})
