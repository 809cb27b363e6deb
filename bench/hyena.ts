import { randomHyena } from '../test/support/random-checkpoints.ts'
import { count, numberOptions, report, runPeer } from './support.ts'
import { allThreads, timeModel } from './time-model.ts'

/*
 * HyenaDNA with filters as long as the sequence, random weights: bases a second, PyTorch's beside it, both making their
 * filters in every run; then PyTorch's with the filters' spectra kept, what a careful user could do.
 *
 *     npm run bench -- hyena [--d-model 128] [--layers 2] [--length 32768] [--reps 3] [--threads 2]
 */
const options = numberOptions({ 'd-model': 128, layers: 2, length: 32_768, reps: 3, threads: allThreads })
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
for (const [name, { data }] of checkpoint.tensors) if (/(proj|fc[12]|lm_head)\.weight$/.test(name)) for (let i = 0; i < data.length; i++) data[i]! *= 0.1

const ours = await timeModel(checkpoint, 1e-3, { length, context: 0, reps, threads })
const words = ['hyena', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])]
report(`HyenaDNA d${modelWidth} x ${layerCount} at ${count(length)} bases (${ours.lines.join('; ')})`, ours, {
  PyTorch: runPeer(words),
  'PyTorch, spectra kept': runPeer([...words, '--cache-filter']),
})
