import { writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { benchConvolution, type ConvolutionResult } from './gpu/convolution.ts'
import { describeAdapter, openAdapter, openBackend } from './gpu/device.ts'
import { benchProducts, type ProductResult } from './gpu/products.ts'
import { benchProgram, type ProgramResult } from './gpu/program.ts'
import { type GpuReport, summary, tables } from './gpu/report.ts'

/*
 * The GPU (a software one too, whose times say nothing). Before anything is timed it is compared with float64 sums.
 *   1. what the adapter is and has;
 *   2. the gated long convolution, filter as long as the sequence, causal and circular, in f32 and f16: every power of two from 256
 *      to 4M. The tables scale it to the rows of FlashFFTConv's (arXiv 2311.05908, batch 64, 768 channels);
 *   3. dense layers of HyenaDNA (d256) and dilated convolutions of OpenSpliceAI, in f32, in f16 and on matrix units;
 *   4. the program, FASTA to file: OpenSpliceAI-10000, HyenaDNA large-1m, single-base changes.
 * Times are the device's own where it has a clock, else the host's. `--json` keeps all of it; `--tables` prints the tables of
 * docs/benchmarks.md from such a file.
 *
 *     npm run bench -- gpu [--json FILE] [--size full|small] [--smallest 256] [--largest 4194304] [--rows 49152]
 *                          [--tensor-mib 512] [--positions 65536] [--reps 5] [--parts products,convolution,program]
 *     npm run bench -- gpu --tables FILE
 *
 * `--size small` is a rehearsal of a minute on a software driver. It runs from the sources, `src/kernels/generated` (git-ignored)
 * among them; the program runs from dist/ where that is built.
 */
const full = {
  ...{ smallest: 256, largest: 2 ** 22, step: 2, rows: 64 * 768, 'tensor-mib': 512, positions: 65_536, reps: 5 },
  ...{ spliceBases: 2_000_000, hyenaBases: 1_000_000, hyenaWidth: 256, hyenaLayers: 8, spliceGroups: 4, alleles: 500 },
}
const small: typeof full = {
  ...{ smallest: 256, largest: 16_384, step: 8, rows: 2, 'tensor-mib': 1, positions: 200, reps: 1 },
  ...{ spliceBases: 2_000, hyenaBases: 1_000, hyenaWidth: 8, hyenaLayers: 1, spliceGroups: 1, alleles: 2 },
}

const words = new Map<string, string>()
for (let i = 2; i < process.argv.length; i += 2) words.set(process.argv[i].replace(/^--/, ''), process.argv[i + 1])
const texts = ['json', 'size', 'parts', 'tables']
for (const [name, value] of words)
  if (!texts.includes(name) && !(name in full && Number(value) > 0))
    throw new Error(`unknown option --${name} ${value}; there are --${[...texts, ...Object.keys(full)].join(', --')}`)

const tablesOf = words.get('tables')
if (tablesOf !== undefined) {
  console.log(await tables(tablesOf))
  process.exit()
}
const parts = (words.get('parts') ?? 'products,convolution,program').split(',')
const sizes = { ...(words.get('size') === 'small' ? small : full) }
for (const [name, value] of words) if (name in sizes) sizes[name as keyof typeof sizes] = Number(value)

const found = await openAdapter()
const report: GpuReport = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: `${cpus()[0]?.model.trim()} (${availableParallelism()} threads)`,
  adapter: describeAdapter(found) as GpuReport['adapter'],
  sizes,
  results: [],
}
console.log(JSON.stringify(report.adapter))
const path = words.get('json')
/** After each result: what was measured stays, whatever happens next. */
const keep = (...results: readonly (ConvolutionResult | ProductResult | ProgramResult)[]): void => {
  for (const result of results) {
    report.results.push(result)
    console.log(`  ${summary(result)}`)
  }
  if (path !== undefined) writeFileSync(path, `${JSON.stringify(report, null, 1)}\n`)
}
/** A size that does not fit is said and left out. */
const attempt = async (what: string, measure: () => Promise<void>): Promise<void> => {
  try {
    await measure()
  } catch (error) {
    process.exitCode = 1
    report.failures = [...(report.failures ?? []), `${what}: ${(error as Error).message}`]
    console.log(`  FAILED ${report.failures.at(-1)}`)
    keep()
  }
}

const precisions: ('f32' | 'f16')[] = found.adapter.features.has('shader-f16') ? ['f32', 'f16'] : ['f32']
for (const precision of precisions) {
  for (const usesMatrixUnits of !parts.includes('products') ? [] : precision === 'f16' ? [false, true] : [false]) {
    const b = await openBackend(precision, usesMatrixUnits)
    if (usesMatrixUnits && !b.matrix) console.log('no matrix units that fit: not measured')
    else {
      console.log(`${b.description}${b.matrix ? `, ${b.matrix.M} x ${b.matrix.N} x ${b.matrix.K}` : ''}`)
      await attempt('products', async () => keep(...(await benchProducts(b, sizes.positions, sizes.reps))))
    }
    await b.destroy()
  }
  for (let length = sizes.smallest; parts.includes('convolution') && length <= sizes.largest; length *= sizes.step) {
    // A device of its own for each length: one that is lost takes the others' figures with it otherwise.
    const b = await openBackend(precision, false)
    const limits = { maxRows: sizes.rows, tensorBytes: sizes['tensor-mib'] * 2 ** 20, reps: sizes.reps }
    await attempt(`convolution of ${length} in ${precision}`, async () =>
      keep(...(await benchConvolution(b, length, limits))),
    )
    await b.destroy()
  }
}
if (parts.includes('program')) await attempt('program', async () => keep(...benchProgram(sizes, precisions)))
