import { readFileSync } from 'node:fs'
import { count } from '../support.ts'
import { type ConvolutionResult, paperRows } from './convolution.ts'
import { best } from './device.ts'
import type { ProductResult } from './products.ts'
import type { ProgramResult } from './program.ts'

type Result = ConvolutionResult | ProductResult | ProgramResult

/** What `npm run bench -- gpu --json` writes. */
export interface GpuReport {
  readonly date: string
  readonly node: string
  readonly cpu: string
  readonly adapter: { readonly name: string; readonly isSoftware: boolean }
  readonly sizes: Readonly<Record<string, number>>
  readonly results: Result[]
  failures?: string[]
}

/** Milliseconds of FlashFFTConv's own kernels, gated, on an H100 (arXiv 2311.05908, table 4 of its appendix). */
const paperMs: ReadonlyMap<number, number> = new Map([
  [256, 0.11],
  [1024, 0.29],
  [4096, 1.43],
  [8192, 3.58],
  [2 ** 14, 12.2],
  [2 ** 15, 26.3],
  [2 ** 20, 1769],
  [2 ** 21, 4624],
  [2 ** 22, 10_049],
])

const paperScaled = ({ seconds, rows }: ConvolutionResult): number => (best(seconds) * 1e3 * paperRows) / rows
const teraflops = ({ operations, seconds }: ProductResult): number => operations / best(seconds) / 1e12
const short = (value: number): string =>
  value >= 100 ? count(value) : String(Number(value.toPrecision(value >= 10 ? 3 : 2)))

export function summary(r: Result): string {
  const clock = r.kind === 'program' ? '' : r.seconds.device === undefined ? ' (host clock)' : ''
  if (r.kind === 'convolution') {
    const ns = (best(r.seconds) * 1e9) / (r.rows * r.length)
    return `${r.form} ${r.precision} ${count(r.length)} x ${count(r.rows)}: ${short(best(r.seconds) * 1e3)} ms${clock}, ${short(ns)} ns an output, for ${count(paperRows)} rows ${short(paperScaled(r))} ms; ${r.plan.slice(0, 2).join('; ')}`
  }
  if (r.kind === 'product')
    return `${r.what} ${r.precision}${r.onMatrixUnits ? ' on matrix units' : ''}, ${count(r.positions)} positions: ${short(best(r.seconds) * 1e3)} ms${clock}, ${short(teraflops(r))} TFLOP/s`
  const rate =
    r.unit === 'bases' ? `${count(r.count / r.seconds)} bases/s` : `${count((3600 * r.count) / r.seconds)} an hour`
  return `${r.what} ${r.precision}: ${count(r.count)} ${r.unit} in ${short(r.seconds)} s, ${rate}`
}

/** The tables of docs/benchmarks.md from a file of results. */
export async function tables(path: string): Promise<string> {
  const { date, node, adapter, results, failures = [] } = JSON.parse(readFileSync(path, 'utf8')) as GpuReport
  const ofKind = <K extends Result['kind']>(kind: K) =>
    results.filter((r): r is Extract<Result, { kind: K }> => r.kind === kind)
  const convolutions = ofKind('convolution')
  const lengths = [...new Set(convolutions.map(({ length }) => length))]
  const cell = (length: number, form: string, precision: string): string => {
    const found = convolutions.find((r) => r.length === length && r.form === form && r.precision === precision)
    return found ? short(paperScaled(found)) : '–'
  }
  const products = ofKind('product')
  const product = (what: string, precision: string, onMatrixUnits: boolean): string => {
    const found = products.find(
      (r) => r.what === what && r.precision === precision && r.onMatrixUnits === onMatrixUnits,
    )
    return found ? short(teraflops(found)) : '–'
  }
  const clock = results.some((r) => r.kind !== 'program' && r.seconds.device === undefined)
    ? "the host's"
    : "the device's"
  return [
    `${adapter.name}${adapter.isSoftware ? ' (software: these times say nothing of a GPU)' : ''}, ${date.slice(0, 10)}, Node ${node}, ${clock} clock (\`npm run bench -- gpu\`).`,
    '',
    'Gated long convolution, filter as long as the sequence, milliseconds for batch 64 × 768 channels, scaled from the rows that ran:',
    '',
    '| N | causal f32 | causal f16 | circular f32 | circular f16 | FlashFFTConv on an H100, circular f16 |',
    '|---|---|---|---|---|---|',
    ...lengths.map(
      (n) =>
        `| ${count(n)} | ${cell(n, 'causal', 'f32')} | ${cell(n, 'causal', 'f16')} | ${cell(n, 'circular', 'f32')} | ${cell(n, 'circular', 'f16')} | ${paperMs.has(n) ? short(paperMs.get(n)!) : '–'} |`,
    ),
    '',
    'Products, TFLOP/s:',
    '',
    '| | f32 | f16 | f16, matrix units |',
    '|---|---|---|---|',
    ...[...new Set(products.map(({ what }) => what))].map(
      (what) =>
        `| ${what} | ${product(what, 'f32', false)} | ${product(what, 'f16', false)} | ${product(what, 'f16', true)} |`,
    ),
    '',
    'The program, FASTA to file, random weights:',
    '',
    '| | precision | | rate |',
    '|---|---|---|---|',
    ...ofKind('program').map(
      (r) =>
        `| ${r.what} | ${r.precision} | ${count(r.count)} ${r.unit} in ${short(r.seconds)} s | ${r.unit === 'bases' ? `${count(r.count / r.seconds)} bases/s` : `${count((3600 * r.count) / r.seconds)} an hour`} |`,
    ),
    ...failures.map((failure) => `\nNot measured: ${failure}`),
  ].join('\n')
}
