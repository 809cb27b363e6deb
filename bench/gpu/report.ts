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

/** Milliseconds of FlashFFTConv's own kernels, gated, on an H100 (arXiv 2311.05908). */
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
const short = (value: number): string => (value >= 100 ? count(value) : String(Number(value.toPrecision(3))))

const rateOf = ({ unit, count: n, seconds }: ProgramResult): string =>
  unit === 'bases' ? `${count(n / seconds)} bases/s` : `${count((3600 * n) / seconds)} an hour`
const precisions = ['f32', 'f16'] as const

export function summary(r: Result): string {
  const clock = r.kind === 'program' ? '' : r.seconds.device === undefined ? ' (host clock)' : ''
  if (r.kind === 'convolution') {
    const ns = (best(r.seconds) * 1e9) / (r.rows * r.length)
    return `${r.form} ${r.precision} ${count(r.length)} x ${count(r.rows)}: ${short(best(r.seconds) * 1e3)} ms${clock}, ${short(ns)} ns an output, for ${count(paperRows)} rows ${short(paperScaled(r))} ms; ${r.plan.slice(0, 2).join('; ')}`
  }
  if (r.kind === 'product')
    return `${r.what} ${r.precision}${r.onMatrixUnits ? ' on matrix units' : ''}, ${count(r.positions)} positions: ${short(best(r.seconds) * 1e3)} ms${clock}, ${short(teraflops(r))} TFLOP/s`
  return `${r.what} ${r.precision}: ${count(r.count)} ${r.unit} in ${short(r.seconds)} s, ${rateOf(r)}`
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
  const section = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] => {
    const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
    return rows.length === 0 ? [] : ['', title, '', line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)]
  }
  const software = adapter.isSoftware ? ' (software: these times say nothing of a GPU)' : ''
  return [
    `${adapter.name}${software}, ${date.slice(0, 10)}, Node ${node}, ${clock} clock (\`npm run bench -- gpu\`).`,
    ...section(
      'Gated long convolution, filter as long as the sequence, milliseconds for batch 64 × 768 channels, scaled from the rows that ran:',
      ['N', 'causal f32', 'causal f16', 'circular f32', 'circular f16', 'FlashFFTConv on an H100, circular f16'],
      lengths.map((n) => [
        count(n),
        ...['causal', 'circular'].flatMap((form) => precisions.map((precision) => cell(n, form, precision))),
        paperMs.has(n) ? short(paperMs.get(n)!) : '–',
      ]),
    ),
    ...section(
      'Products, TFLOP/s:',
      ['', 'f32', 'f16', 'f16, matrix units'],
      [...new Set(products.map(({ what }) => what))].map((what) => [
        what,
        product(what, 'f32', false),
        product(what, 'f16', false),
        product(what, 'f16', true),
      ]),
    ),
    ...section(
      'The program, FASTA to file, random weights:',
      ['', 'precision', '', 'rate'],
      ofKind('program').map((r) => [
        r.what,
        r.precision,
        `${count(r.count)} ${r.unit} in ${short(r.seconds)} s`,
        rateOf(r),
      ]),
    ),
    ...failures.map((failure) => `\nNot measured: ${failure}`),
  ].join('\n')
}
