import type { OpenSpliceArchitecture } from '../src/model/checkpoint.ts'
import { randomOpenSplice } from '../test/support/random-checkpoints.ts'
import { count, numberOptions, report, runPeer } from './support.ts'
import { allThreads, timeModel } from './time-model.ts'

/*
 * OpenSpliceAI-10000 over 100 kb with 5 kb of context on each side, random weights: bases a second, PyTorch's beside it.
 *
 *     npm run bench -- splice [--length 100000] [--reps 3] [--threads 2]
 */
const { length, reps, threads } = numberOptions({ length: 100_000, reps: 3, threads: allThreads })
const groups = [
  [11, 1],
  [11, 4],
  [21, 10],
  [41, 25],
] as const
const architecture: OpenSpliceArchitecture = {
  kind: 'openspliceai',
  channelCount: 32,
  contextBases: 10_000,
  units: groups.flatMap(([width, dilation]) => Array(4).fill({ width, dilation })),
}
// The random weights of the tests are for a few narrow layers: scaled so that sixteen wide ones neither vanish nor explode.
const checkpoint = randomOpenSplice(architecture)
for (const [name, { data }] of checkpoint.tensors)
  if (/conv[12]\.weight$/.test(name)) for (let i = 0; i < data.length; i++) data[i] *= 0.1

const ours = await timeModel(checkpoint, 5e-6, { length, context: 5000, reps, threads, memoryBytes: 2 ** 34 })
const peer = runPeer([
  'splice',
  '--context',
  '10000',
  '--length',
  String(length),
  '--reps',
  String(reps),
  '--threads',
  String(threads),
])
report(
  `OpenSpliceAI-10000 over ${count(length)} bases (${ours.lines.join('; ')})`,
  { genoconv: ours },
  { PyTorch: peer },
)
