import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { expect, it } from 'vitest'
import { memorySink, predictToFile, writeArrow, writeBedGraph, writeTsv } from '../../../src/index.ts'
import type { PredictionBatch } from '../../../src/genome.ts'
import { chooseOutput } from '../../../pipelines/run/output-file.ts'
import { temporaryFolder } from '../../support/fasta-files.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { goldenModel } from '../../support/run-program.ts'

const folder = temporaryFolder()

async function* batches(): AsyncGenerator<PredictionBatch> {
  for (const start of [0, 2])
    yield {
      region: { contig: 'c', start, end: start + 2 },
      bases: Uint8Array.from([65, 67]),
      tracks: { donor: Float32Array.of(0.5, start === 0 ? 0.25 : Number.NaN) },
      regionIndex: 0,
    }
}

it.each([
  [writeTsv, 'contig\tposition\tbase\tdonor\nc\t0\tA\t0.5\nc\t1\tC\t0.25\nc\t2\tA\t0.5\nc\t3\tC\tNA\n'],
  [writeBedGraph, 'c\t0\t1\t0.5\nc\t1\t2\t0.25\nc\t2\t3\t0.5\n'],
])('text, to a file and to a sink', async (write, expected) => {
  const path = join(folder.path, 'out.txt')
  await write(batches(), path)
  expect(readFileSync(path, 'utf8')).toBe(expected)
  const sink = memorySink()
  await write(batches(), sink, { tracks: ['donor'] })
  expect(new TextDecoder().decode(sink.bytes())).toBe(expected)
})

it('one shape for all: an error of the batches leaves no file', async () => {
  const broken = async function* (): AsyncGenerator<PredictionBatch> {
    yield* batches()
    throw new Error('broken off')
  }
  for (const write of [writeArrow, writeTsv, writeBedGraph]) {
    const path = join(folder.path, `broken ${write.name}`)
    await expect(write(broken(), path)).rejects.toThrow('broken off')
    for (const suffix of ['', '.partial', '.partial.lock']) expect(existsSync(path + suffix)).toBe(false)
  }
})

it('predictToFile: what the command does, resumed too', async () => {
  const fasta = folder.write('in.fa', `>one\n${randomSequence(20_000, 1)}\n`)
  const options = {
    models: [goldenModel('openspliceai-nano.safetensors')],
    device: 'cpu',
    threads: 1,
    chunk: 2000,
  } as const
  const whole = join(folder.path, 'whole.tsv')
  expect((await predictToFile(fasta, whole, options)).bases).toBe(20_000)
  const output = join(folder.path, 'out.tsv')
  const abort = new AbortController()
  const stopped = predictToFile(fasta, output, {
    ...options,
    resume: true,
    signal: abort.signal,
    onProgress: ({ basesDone }) => void (basesDone >= 8000 && abort.abort(new Error('enough'))),
  })
  await expect(stopped).rejects.toThrow('enough')
  const { bases, basesBefore = 0 } = await predictToFile(fasta, output, { ...options, resume: true })
  expect(basesBefore).toBeGreaterThan(0)
  expect(bases + basesBefore).toBe(20_000)
  expect(readFileSync(output).equals(readFileSync(whole))).toBe(true)
  const file = join(folder.path, 'out.arrow')
  await predictToFile([fasta], file, { ...options, regionTexts: ['one:11-20'] })
  expect(tableFromIPC(readFileSync(file)).getChild('position')!.toArray()[0]).toBe(10)
})

it('the format of an extension, in capitals too; an empty name is none', () => {
  const choose = (output: string) => chooseOutput({ output, firstInput: 'a.fa', modelName: 'm', isTerminal: false })
  expect(['a.TSV', 'a.Arrow', 'a.bedGraph', 'a.BG', 'a.FEATHER', 'a'].map((name) => choose(name).format)).toEqual([
    'tsv',
    'arrow',
    'bedgraph',
    'bedgraph',
    'arrow',
    'arrow',
  ])
  expect(() => choose('')).toThrow(/`output`: is empty: expected a file's name, or -/)
  expect(() => choose('a.FA')).toThrow(/no format has the extension \.FA/)
})
