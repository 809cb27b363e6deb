import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { predict } from '../pipelines/predict.ts'
import { openAtomicOutput } from '../src/io/bytes/atomic-output.ts'
import { writeIndex } from '../src/io/fasta/write-index.ts'
import { openGenome } from '../src/io/fasta/open-genome.ts'
import type { ByteSink } from '../src/io/bytes/sink.ts'
import { writePredictions } from '../src/io/output/write-predictions.ts'
import type { Model } from '../src/model/model.ts'
import { bgzip } from '../test/support/fasta-files.ts'
import { count, mebibytes, median, numberOptions, peakBytes } from './support.ts'

/*
 * Everything but the model: reading FASTA, encoding, writing Arrow with the two tracks of a splice model (17 bytes a base).
 *
 * On a busy machine the CPU time, all threads together, says more than the clock.
 *
 *     npm run bench -- io [--bases 50000000] [--reps 5]
 */
const { bases, reps } = numberOptions({ bases: 50_000_000, reps: 5 })
const chunkBases = 131_072
const constants = { acceptor: new Float32Array(chunkBases).fill(0.25), donor: new Float32Array(chunkBases).fill(0.5) }

const constantModel: Model = {
  info: {
    name: 'constant',
    family: 'splice',
    architecture: 'none',
    receptiveField: { left: 0, right: 0 },
    parameterCount: 0,
    sha256: '',
    memberCount: 1,
    tracks: ['acceptor', 'donor'].map((name) => ({ name, isDefault: true, description: name })),
  },
  backend: undefined as never,
  plan: (request) => ({ request, chunkBases, memoryBytes: 0, lines: [] }),
  async *run(source) {
    let start = 0
    for await (const piece of source) {
      for (let at = 0; at < piece.length; at += chunkBases) {
        const length = Math.min(chunkBases, piece.length - at)
        yield {
          start,
          tracks: { acceptor: constants.acceptor.subarray(0, length), donor: constants.donor.subarray(0, length) },
        }
        start += length
      }
    }
  },
  runPieces: () => {
    throw new Error('not for regions')
  },
  atLayer: () => {
    throw new Error('a constant has no layers')
  },
  close() {},
}
const nowhere: ByteSink = { async write() {}, async finish() {}, async abort() {} }

const folder = mkdtempSync(join(tmpdir(), 'genoconv-bench-'))
try {
  const line = Buffer.from(`${'ACGTTGCAGGTAAGTCCATGACGTTGCAGGTAAGTCCATGACGTTGCAGGTAAGTCCATG'}\n`)
  const text = Buffer.concat([Buffer.from('>chr\n'), Buffer.alloc(Math.ceil(bases / 60) * 61, line)])
  writeFileSync(join(folder, 'plain.fa'), text)
  writeFileSync(join(folder, 'blocks.fa.gz'), bgzip(text))
  for (const name of ['plain.fa', 'blocks.fa.gz']) await writeIndex(join(folder, name), {})

  const stages: Record<string, (input: string) => Promise<void>> = {
    'reading alone': async (input) => {
      const genome = await openGenome(input)
      for await (const _ of genome.chunks({ chunkBases: 1 << 20 })) {
      }
      await genome.close()
    },
    'reading, encoding Arrow': (input) => run(input, nowhere),
    'reading, encoding, writing a file': async (input) => run(input, await openAtomicOutput(join(folder, 'out.arrow'))),
  }
  for (const name of ['plain.fa', 'blocks.fa.gz']) {
    const times = new Map(Object.keys(stages).map((stage) => [stage, [] as number[]]))
    const cpuTimes = new Map(Object.keys(stages).map((stage) => [stage, [] as number[]]))
    for (let rep = -1; rep < reps; rep++) {
      for (const [stage, work] of Object.entries(stages)) {
        const start = performance.now()
        const before = process.cpuUsage()
        await work(join(folder, name))
        const { user, system } = process.cpuUsage(before)
        if (rep < 0) continue
        times.get(stage)!.push((performance.now() - start) / 1000)
        cpuTimes.get(stage)!.push((user + system) / 1e6)
      }
    }
    for (const [stage, seconds] of times) {
      const cpuNanoseconds = (median(cpuTimes.get(stage)!) / bases) * 1e9
      console.log(
        `${name}, ${stage}: ${count(bases / median(seconds) / 1e6)} M bases/s, ${cpuNanoseconds.toFixed(1)} ns of CPU time a base`,
      )
    }
  }
  console.log(`peak ${mebibytes(peakBytes())}`)
} finally {
  rmSync(folder, { recursive: true })
}

async function run(input: string, sink: ByteSink): Promise<void> {
  const genome = await openGenome(input)
  const contigs = (await genome.contigs()).map(({ name }) => name)
  let rows = 0
  const counted = (async function* () {
    for await (const batch of predict(constantModel, genome)) {
      rows += batch.bases.length
      yield batch
    }
  })()
  await writePredictions(counted, 'arrow', sink, { tracks: ['acceptor', 'donor'], contigs })
  if (Math.abs(rows - bases) > 60) throw new Error(`${rows} rows of ${bases} bases`)
  await genome.close()
}
