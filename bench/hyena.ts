import { randomHyena } from '../test/support/random-checkpoints.ts'
import { count, numberOptions, report, runPeer } from './support.ts'
import { allThreads, timeModel } from './time-model.ts'

/*
 * HyenaDNA with filters as long as the sequence, random weights: bases a second, PyTorch's beside it. Ours twice: a new
 * model for each run, which makes its filters in every run as PyTorch's usual code does; and one model that keeps the
 * filters' spectra, as `predict` does. PyTorch's twice too: usual, and with spectra kept, what a careful user could do.
 *
 *     npm run bench -- hyena [--d-model 128] [--layers 2] [--length 32768] [--reps 3] [--threads 2] [--memory 16, in GiB]
 */
const { memory, ...options } = numberOptions({
  'd-model': 128,
  layers: 2,
  length: 32_768,
  reps: 3,
  threads: allThreads,
  memory: 16,
})
const { 'd-model': modelWidth, layers: layerCount, length, reps, threads } = options
const checkpoint = randomHyena({
  kind: 'hyena',
  modelWidth,
  layerCount,
  innerWidth: 4 * modelWidth,
  maxLength: length,
  embeddingSize: 5,
  filterMlpWidth: 64,
  shortFilterLength: 3,
  layerNormEpsilon: 1e-5,
  vocabularySize: 16,
})
for (const [name, { data }] of checkpoint.tensors)
  if (/(proj|fc[12]|lm_head)\.weight$/.test(name)) for (let i = 0; i < data.length; i++) data[i] *= 0.1

const words = ['hyena', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])]
// First, while this process is small: at a million bases PyTorch needs most of a machine's memory.
const peers = { PyTorch: runPeer(words), 'PyTorch, spectra kept': runPeer([...words, '--cache-filter']) }
const work = { length, context: 0, reps, threads, memoryBytes: memory * 2 ** 30 }
const fresh = await timeModel(checkpoint, 1e-3, { ...work, isFresh: true })
const kept = await timeModel(checkpoint, 1e-3, work)
report(
  `HyenaDNA d${modelWidth} x ${layerCount} at ${count(length)} bases (${fresh.lines.join('; ')})`,
  { 'genoconv, filters made in every run': fresh, 'genoconv, filters kept': kept },
  peers,
)
