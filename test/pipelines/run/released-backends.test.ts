import { writeFileSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { randomSequence } from '../../support/memory-genome.ts'
import { interruptAt, predictHere, scratch } from '../../support/run-predict.ts'

// Whatever ends a run, the threads of its backend end with it.

const path = scratch()
const fasta = path('in.fa')
writeFileSync(fasta, `>one\n${randomSequence(3000, 1)}\n`)
writeFileSync(path('broken.fa'), `>one\n${randomSequence(3000, 1)}\n>two\nACGTJ\n`)

let workers: Worker[] = []
const note = (worker: Worker): void => void workers.push(worker)
process.on('worker', note)
afterAll(() => void process.off('worker', note))
beforeEach(() => {
  workers = []
})

it.each<[string, Record<string, unknown>, string | undefined]>([
  ['a run that succeeds', {}, undefined],
  ['a letter that is no base, in the middle', { fasta: [path('broken.fa')] }, 'FormatError'],
  ['a track that the model does not have', { tracks: 'x' }, 'ConfigError'],
  ['a model that is missing', { model: path('none.pt') }, 'FormatError'],
  ['too little memory', { memory: '221M', chunk: '100M' }, 'LimitError'],
  ['an interrupt', { at: 600 }, 'Interruption'],
])('%s', async (_, { at, ...options }, error) => {
  const run = { fasta: [fasta], chunk: '600', threads: '2', output: path('out.tsv'), ...options }
  const outcome = await predictHere(run, typeof at === 'number' ? interruptAt(at) : undefined)
  expect(outcome.error?.class).toBe(error)
  if (error !== 'FormatError' || !options['model']) expect(workers.length).toBeGreaterThan(0)
  expect(workers.map(({ threadId }) => threadId)).toEqual(workers.map(() => -1)) // -1: it has ended
})
