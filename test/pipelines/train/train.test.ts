import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCheckpoints } from '../../../pipelines/models/load-checkpoint.ts'
import { loadModel } from '../../../pipelines/models/load-model.ts'
import { predict } from '../../../pipelines/predict.ts'
import type { TrainOptions } from '../../../pipelines/train/options.ts'
import { train } from '../../../pipelines/train.ts'
import type { Backend } from '../../../src/kernels/backend.ts'
import { createCpuBackend } from '../../../src/kernels/cpu/cpu-backend.ts'
import { memoryGenome } from '../../support/memory-genome.ts'
import { goldenModel } from '../../support/run-program.ts'
import { trainingWorld } from '../../support/tiny-training.ts'

describe('train', () => {
  let backend: Backend
  let folder: string
  beforeAll(async () => {
    backend = createCpuBackend({ threads: 2 })
    folder = await mkdtemp(join(tmpdir(), 'genoconv-train-'))
  })
  afterAll(async () => {
    await backend.destroy()
    await rm(folder, { recursive: true, force: true })
  })
  const { letters, genes } = trainingWorld()
  const genome = memoryGenome({ c1: letters })
  const options = (name: string): TrainOptions => ({
    backend,
    output: join(folder, name),
    architecture: 'openspliceai-80',
    steps: 5,
  })

  it('writes a folder that is a model, and a resumed training writes the same bytes', async () => {
    const losses: number[] = []
    const result = await train(genome, genes, { ...options('whole'), onProgress: ({ loss }) => losses.push(loss) })
    expect(result).toMatchObject({ steps: 5 })
    expect(losses).toHaveLength(5)
    expect(losses.every((loss) => loss > 0 && loss < 1)).toBe(true)
    const files = await readdir(join(folder, 'whole'))
    expect(files.sort()).toEqual(['README.md', 'config.json', 'metrics.jsonl', 'model.safetensors'])
    expect(await readFile(join(folder, 'whole', 'README.md'), 'utf8')).toContain('| acceptor | 2 |')

    const model = await loadModel(join(folder, 'whole'), { backend })
    let bases = 0
    for await (const { tracks } of predict(model, genome, { regions: [{ contig: 'c1', start: 0, end: 1000 }] })) {
      expect(tracks['donor'].every((p) => p >= 0 && p <= 1)).toBe(true)
      bases += tracks['donor'].length
    }
    expect(bases).toBe(1000)
    model.close()

    const controller = new AbortController()
    const interrupted = train(genome, genes, {
      ...options('resumed'),
      signal: controller.signal,
      onProgress: ({ step }) => step === 2 && controller.abort(),
    })
    await expect(interrupted).rejects.toThrow('abort')
    expect(await readdir(folder)).toContain('resumed.partial')
    await expect(train(genome, genes, { ...options('resumed'), seed: 2, resume: true })).rejects.toThrow(
      'differs in its seed',
    )
    const resumed = await train(genome, genes, { ...options('resumed'), resume: true })
    const weightsOf = (name: string) => readFile(join(folder, name, 'model.safetensors'))
    expect((await weightsOf('resumed')).equals(await weightsOf('whole'))).toBe(true)

    // A training that is complete is not begun again; another one does not pass for it.
    expect(await train(genome, genes, { ...options('resumed'), resume: true })).toEqual(resumed)
    await expect(train(genome, genes, { ...options('resumed'), steps: 6, resume: true })).rejects.toThrow(
      'differs in its length',
    )
  }, 240_000)

  it('starts at a published file, and at the folder that came of it', async () => {
    let [from] = await loadCheckpoints(goldenModel('openspliceai-nano.pt'))
    for (const name of ['first', 'second']) {
      const output = join(folder, name)
      await train(genome, genes, { backend, output, from, steps: 1 })
      const [written] = await loadCheckpoints(output)
      expect(written.architecture).toEqual(from.architecture)
      expect([...written.tensors.keys()].sort()).toEqual([...from.tensors.keys()].sort())
      const card = await readFile(join(output, 'README.md'), 'utf8')
      expect(card).toContain(
        `started from ${name === 'first' ? 'openspliceai-nano.pt' : 'first'} (SHA-256 ${from.sha256})`,
      )
      from = written
    }
  }, 60_000)

  it('says what cannot be', async () => {
    await expect(train(genome, genes, { ...options('a'), hours: 1 })).rejects.toThrow('cannot be combined')
    await expect(train(genome, genes, { ...options('a'), resume: true })).rejects.toThrow('no training to resume')
    const wrong = trainingWorld({ fits: false })
    await expect(train(memoryGenome({ c1: wrong.letters }), wrong.genes, options('b'))).rejects.toThrow(
      'no gene fits the sequence',
    )
    const all = { holdOut: [{ contig: 'c1', start: 0, end: letters.length }] }
    await expect(train(genome, genes, { ...options('c'), ...all })).rejects.toThrow('every gene lies in the parts')
    await expect(train(genome, genes, { ...options('d'), memory: 1000 })).rejects.toThrow(
      'too little for this training',
    )
    await expect(train(genome, genes, { ...options('.') })).rejects.toThrow('exists already')
  })
})
