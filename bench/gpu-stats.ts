import { compileOffline, offlineSkipReason } from '../test/support/gpu-compile.ts'

/*
 * What a real compiler makes of the GPU's kernels, without a GPU: Mesa's for AMD cards (polaris10). Registers, occupancy,
 * instructions and a scheduler's model of the latency: good for comparing two versions of a kernel, not a speed.
 *
 *     npm run gpu:stats [-- PART OF A NAME]
 */
if (offlineSkipReason !== undefined) throw new Error(offlineSkipReason)
const columns = ['VGPRs', 'Subgroups per SIMD', 'LDS size', 'Scratch size', 'Instructions', 'VALU', 'VMEM', 'Latency']
const names = [
  'registers',
  'waves a SIMD',
  'workgroup bytes',
  'scratch',
  'instructions',
  'arithmetic',
  'memory',
  'latency',
]
console.log(`| kernel | ${names.join(' | ')} |\n|${'---|'.repeat(names.length + 1)}`)
for (const { name, statistics } of compileOffline(process.argv[2]))
  console.log(
    `| ${name} | ${columns.map((column) => (statistics.get(column) ?? '–').toLocaleString('en')).join(' | ')} |`,
  )
