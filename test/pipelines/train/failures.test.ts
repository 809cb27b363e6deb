import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCheckpoints } from '../../../pipelines/models/load-checkpoint.ts'
import type { TrainOptions } from '../../../pipelines/train/options.ts'
import { train } from '../../../pipelines/train.ts'
import type { Backend } from '../../../src/kernels/backend.ts'
import { createCpuBackend } from '../../../src/kernels/cpu/cpu-backend.ts'
import type { Checkpoint } from '../../../src/model/checkpoint.ts'
import { memoryGenome } from '../../support/memory-genome.ts'
import { tinyModelFiles, trainingWorld } from '../../support/tiny-training.ts'

const { letters, genes } = trainingWorld()
const genome = memoryGenome({ c1: letters })
const folder = mkdtempSync(join(tmpdir(), 'genoconv-train-failures-'))
let backend: Backend
let from: Checkpoint
beforeAll(async () => {
  backend = createCpuBackend({ threads: 2 })
  mkdirSync(join(folder, 'tiny'))
  for (const [name, content] of Object.entries(tinyModelFiles())) writeFileSync(join(folder, 'tiny', name), content)
  ;[from] = await loadCheckpoints(join(folder, 'tiny'))
})
afterAll(async () => {
  await backend.destroy()
  rmSync(folder, { recursive: true, force: true })
})

const options = (output: string): TrainOptions => ({ backend, output, from, steps: 4, saveSeconds: 0 })

/** A backend that reads NaN where gradients are, from the `n`th step on. */
function failing(isBad: () => boolean): Backend {
  return new Proxy(backend, {
    get(target, name) {
      if (name === 'read')
        return async (...args: Parameters<Backend['read']>) => {
          const values = await target.read(...args)
          return isBad() ? values.fill(Number.NaN) : values
        }
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}

it('a loss that is no number: the last good state is kept and named, and resumed from', async () => {
  const output = join(folder, 'nan')
  let isBad = false
  const bad = train(genome, genes, {
    ...options(output),
    backend: failing(() => isBad),
    onProgress: ({ step }) => {
      isBad = step === 2
    },
  })
  await expect(bad).rejects.toThrow(
    `step 3: the loss or a gradient is not finite: expected numbers, got a loss of NaN; the last good state is kept in ${output}.partial`,
  )
  expect(existsSync(output)).toBe(false)
  const notes: string[] = []
  await train(genome, genes, { ...options(output), resume: true, onNote: (text) => notes.push(text) })
  expect(notes).toContain('resuming after step 2')
  expect(readdirSync(output)).toContain('model.safetensors')
})

describe('an output that is not for writing', () => {
  it.each(['file', 'folder', 'tiny'])('%s: exists, and is left as it is', async (name) => {
    const output = join(folder, name)
    if (name === 'file') writeFileSync(output, 'mine')
    if (name === 'folder') mkdirSync(output)
    const before = name === 'file' ? 'mine' : readdirSync(output)
    for (const resume of [false, true])
      await expect(train(genome, genes, { ...options(output), resume })).rejects.toThrow('exists already')
    expect(name === 'file' ? readFileSync(output, 'utf8') : readdirSync(output)).toEqual(before)
  })

  it('an input in the folder where the training would be kept, and a folder that no training made', async () => {
    const output = join(folder, 'kept')
    mkdirSync(`${output}.partial`)
    const input = join(`${output}.partial`, 'model.safetensors')
    writeFileSync(input, 'an input')
    await expect(train(genome, genes, { ...options(output), inputs: [input] })).rejects.toThrow(
      "the output's kept.partial is an input, or holds one",
    )
    writeFileSync(join(`${output}.partial`, 'thesis.txt'), 'mine')
    await expect(train(genome, genes, options(output))).rejects.toThrow('holds what no training made')
    expect(readdirSync(`${output}.partial`).sort()).toEqual(['model.safetensors', 'thesis.txt'])
  })

  it('its folder is missing', async () => {
    await expect(train(genome, genes, options(join(folder, 'no', 'where')))).rejects.toThrow('does not exist')
  })
})

const isRoot = process.getuid?.() === 0
it.skipIf(!isRoot || process.platform !== 'linux')(
  'a full disk (skipped: only root on Linux can mount a small disk): what was kept is resumed when there is room',
  async () => {
    const whole = join(folder, 'roomy')
    await train(genome, genes, options(whole))
    const disk = join(folder, 'disk')
    const output = join(disk, 'out')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk])
    try {
      const filler = join(disk, 'filler')
      const full = train(genome, genes, {
        ...options(output),
        onProgress: ({ step }) => {
          if (step !== 2) return
          try {
            writeFileSync(filler, Buffer.alloc(1 << 20))
          } catch {} // until the disk is full
        },
      })
      await expect(full).rejects.toThrow(/out: the disk is full; make room, then continue with `resume`/)
      expect(existsSync(output)).toBe(false)
      rmSync(filler)
      await train(genome, genes, { ...options(output), resume: true })
      const weightsOf = (path: string) => readFileSync(join(path, 'model.safetensors'))
      expect(weightsOf(output).equals(weightsOf(whole))).toBe(true)
    } finally {
      execFileSync('umount', [disk])
    }
  },
)
