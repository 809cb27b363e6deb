/**
 * A process for tests to kill: `predict` with a fake model, and everything else as the program does it.
 *
 *     node resume-child.js <fasta> <output> [--resume]
 */
import { predictJournal } from '../../pipelines/run/run-predict.ts'
import { openRunOutput } from '../../pipelines/run/resume.ts'
import { parsePredictArguments } from '../../pipelines/cli/predict-arguments.ts'
import { predict } from '../../pipelines/predict.ts'
import { chooseOutput } from '../../pipelines/run/output-file.ts'
import { createLog } from '../../pipelines/cli/log.ts'
import { openGenome } from '../../src/io/fasta/open-genome.ts'
import type { OneFileFormat } from '../../src/io/output/formats.ts'
import { writePredictions } from '../../src/io/output/write-predictions.ts'
import { fakeModel } from './fake-model.ts'

const [fasta, path, resume] = process.argv.slice(2) as [string, string, string?]
const args = parsePredictArguments({
  fasta: [fasta],
  output: path,
  resume: resume === '--resume',
  memory: '1G',
  threads: '1',
})
const { signal } = new AbortController()
const output = chooseOutput({ output: path, firstInput: fasta, modelName: 'fake', isTerminal: false })
const out = await openRunOutput({
  request: args,
  path: output.path,
  journal: predictJournal(output.format),
  filesRead: [fasta],
  log: createLog({}),
  signal,
  isDry: false,
})
const genome = await openGenome(fasta)
const model = fakeModel('windows')
try {
  const run = {
    regions: null,
    model: { name: 'fake', sha256: model.info.sha256 },
    device: 'fake',
    options: {},
    origin: { command: '', regionFiles: [] },
    memory: out.memory,
    threads: 1,
  }
  const begun = await out.begin(run, [])
  if (begun !== 'complete') {
    const { sinks, done } = begun
    const contigs = (await genome.contigs()).map(({ name }) => name)
    await writePredictions(
      predict(model, genome, { chunk: 5000, doneRows: done?.rows }),
      output.format as OneFileFormat,
      sinks[0],
      { tracks: ['donor'], contigs },
      done,
    )
  }
} catch (error) {
  await out.abort(error)
  process.stderr.write(`${String(error)}\n`)
  process.exit(1)
}
process.exit(0)
