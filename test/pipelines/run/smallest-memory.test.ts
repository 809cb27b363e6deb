import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runProgram as runHere } from '../../../pipelines/cli/program.ts'
import { randomArray } from '../../support/backends.ts'
import { randomSequence } from '../../support/memory-genome.ts'
import { folders, goldenModel, killBeforeStep, runProgram } from '../../support/run-program.ts'
import { type FileTensor, f32Tensor, safetensorsFile } from '../../support/safetensors-file.ts'

// At any memory, from the smallest that fits upwards, the program writes the same bytes for a record whatever comes before
// it, in shards, and after a kill. Killed is a process of its own; all else runs in this one, whose memory only grows.
const folder = folders()
const steps = 10
const channelCount = 16
const common = ['--device', 'cpu', '--threads', '1', '--quiet']

/** The nano model with so many channels that memory decides its chunks; its weights are random. */
function wideModel(): Uint8Array {
  const file = readFileSync(goldenModel('openspliceai-nano.safetensors'))
  const header = file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0)))
  const tensors: Record<string, FileTensor> = {}
  for (const [name, { shape }] of Object.entries(JSON.parse(header) as Record<string, { shape: number[] }>)) {
    if (name === '__metadata__' || name.endsWith('num_batches_tracked')) continue
    const wide = shape.map((size, k) =>
      size === 3 && !(name.startsWith('final_conv') && k === 0) ? channelCount : size,
    )
    const count = wide.reduce((a, b) => a * b, 1)
    const values = randomArray(count, count + name.length)
    tensors[name] = f32Tensor(wide, name.endsWith('running_var') ? values.map(Math.abs) : values.map((v) => v / 4))
  }
  return safetensorsFile(tensors)
}

const record = (name: string, length: number, seed: number): string =>
  `>${name}\n${randomSequence(length, seed).replaceAll(/.{60}/g, '$&\n')}\n`
const before = record('a', 4000, 1) + record('b', 700, 2)
const last = record('c', 6000, 3) + record('d', 13_000, 4)

it('one run, records alone, shards merged, a run killed and resumed', async () => {
  // As many runs in one process as no user has: each listens for signals and for the end of standard output.
  process.setMaxListeners(0)
  process.stdout.setMaxListeners(0)
  process.stderr.setMaxListeners(0)
  const { path } = folder({ 'all.fa': before + last, 'last.fa': last, 'wide.safetensors': wideModel() })
  const file = (name: string): string => join(path, name)
  const run = async (...words: string[]): Promise<void> => expect(await runHere(words), words.join(' ')).toBe(0)
  const bytesOf = (name: string): Buffer => {
    const bytes = readFileSync(file(name))
    rmSync(file(name))
    return bytes
  }
  const predict = (input: string, memory: number, output: string): string[] => [
    ...['predict', file(input), ...common, '-m', file('wide.safetensors')],
    ...['--memory', `${memory}`, '-o', file(output)],
  ]

  const refused = await runProgram(predict('all.fa', 1_000_000, 'out.tsv'))
  const least = 2 ** 20 * Number(/at least (\d+)M/.exec(refused.stderr)?.[1])
  expect(least).toBeGreaterThan(0)
  const chunks = new Set<string>()
  let resumed = 0
  for (let i = 0; i < steps; i++) {
    const memory = least + Math.round(2 ** 22 * (i / (steps - 1)) ** 3)
    await run(...predict('all.fa', memory, 'whole.tsv'))
    const whole = bytesOf('whole.tsv')
    await run(...predict('last.fa', memory, 'last.tsv'))
    const alone = bytesOf('last.tsv').toString().split('\n').slice(1).join('\n')
    expect(whole.toString().endsWith(`\n${alone}`), `records after others, ${memory} bytes`).toBe(true)

    const manifest = file('run/manifest.json')
    await run('shard', 'plan', ...predict('all.fa', memory, 'run/manifest.json').slice(1), '--shards', '2')
    for (const id of ['1', '0']) await run('shard', 'run', manifest, id, '--device', 'cpu', '--quiet')
    await run('shard', 'merge', manifest, '-o', file('merged.tsv'), '--quiet')
    await run('shard', 'merge', manifest, '-o', file('merged.arrow'), '--quiet')
    chunks.add(/"chunkBases":(\d+)/.exec(bytesOf('merged.arrow').toString('latin1'))![1])
    expect(bytesOf('merged.tsv').equals(whole), `shards, ${memory} bytes`).toBe(true)
    rmSync(file('run'), { recursive: true })

    const words = predict('all.fa', memory, 'killed.tsv')
    const killed = await runProgram(words, { env: killBeforeStep(8 + i) })
    expect(killed.signal).toBe('SIGKILL')
    const again = await runProgram([...words.filter((word) => word !== '--quiet'), '--resume'])
    expect(again.code, again.stderr).toBe(0)
    if (again.stderr.includes('continuing after row')) resumed++
    expect(bytesOf('killed.tsv').equals(whole), `killed, ${memory} bytes`).toBe(true)
  }
  expect(chunks.size).toBeGreaterThan(3)
  expect(resumed).toBeGreaterThan(steps / 2)
}, 600_000)
