import { readFileSync, writeFileSync } from 'node:fs'
import { tableFromIPC } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../src/errors.ts'
import { chooseBackend, createBackend } from '../../../src/kernels/create-backend.ts'
import { gpuHalfSkipReason } from '../../support/half-products.ts'
import { predictHere, scratch } from '../../support/run-predict.ts'
import { randomBases } from '../../support/run-model.ts'

describe('--precision', () => {
  const at = scratch()
  const run = async (name: string, argv: Readonly<Record<string, unknown>>) => {
    const fasta = at('in.fa')
    writeFileSync(fasta, `>gene\n${randomBases(300, 1)}\n`)
    const output = at(name)
    const { lines, error } = await predictHere({ fasta, output, ...argv })
    expect(error).toBeUndefined()
    const { metadata } = tableFromIPC(readFileSync(output)).schema
    return {
      warnings: lines.filter((line) => line.startsWith('warning: ') && line.includes('precision')),
      precision: (JSON.parse(metadata.get('genoconv.parameters')!) as { precision: string }).precision,
      device: metadata.get('genoconv.device')!,
    }
  }

  it('is f32 unless asked for, without a word', async () => {
    expect(await run('default.arrow', {})).toMatchObject({ warnings: [], precision: 'f32' })
  })
  it('f16 on the CPU: f32 is computed, said once, and written down', async () => {
    const { warnings, precision } = await run('cpu.arrow', { precision: 'f16' })
    expect(warnings).toEqual(['warning: --precision f16: the CPU has no f16; computing in f32'])
    expect(precision).toBe('f32')
  })
  it.skipIf(gpuHalfSkipReason !== undefined)(
    `f16 on a GPU that has it: written down, with the device${gpuHalfSkipReason === undefined ? '' : ` (skipped: ${gpuHalfSkipReason})`}`,
    async () => {
      const { warnings, precision, device } = await run('gpu.arrow', { precision: 'f16', device: 'gpu' })
      expect(warnings).toEqual([])
      expect(precision).toBe('f16')
      expect(device).toMatch(/WebGPU.*f16/)
    },
  )
  it('of a backend: what is used, whatever was asked for', async () => {
    const warnings: string[] = []
    const { backend } = await chooseBackend('cpu', {
      precision: 'f16',
      threads: 1,
      onWarning: (text) => void warnings.push(text),
    })
    expect(backend.precision).toBe('f32')
    expect(warnings).toHaveLength(1)
    await backend.destroy()
    await expect(createBackend('cpu', { precision: 'f64' as never })).rejects.toThrow(ConfigError)
  })
})
