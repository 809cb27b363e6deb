import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Checkpoint } from '../../src/model/checkpoint.ts'
import { writeSafetensors } from '../../src/model/weights/write-safetensors.ts'
import { randomHyena, randomOpenSplice } from '../../test/support/random-checkpoints.ts'

export interface ProgramResult {
  readonly kind: 'program'
  readonly what: string
  readonly precision: 'f32' | 'f16'
  readonly device: string
  /** Bases, or alleles. */
  readonly count: number
  readonly unit: 'bases' | 'alleles'
  /** Of the run as the program says it: reading, computing and writing, without the start of Node. */
  readonly seconds: number
}

export interface ProgramSizes {
  readonly spliceBases: number
  readonly hyenaBases: number
  readonly hyenaWidth: number
  readonly hyenaLayers: number
  /** Groups of four residual units: 4 is OpenSpliceAI-10000. */
  readonly spliceGroups: number
  readonly alleles: number
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const built = join(root, 'dist/pipelines/cli/main.js')
const programWords = existsSync(built)
  ? [built]
  : ['--import', join(root, 'scripts/typescript.mjs'), join(root, 'pipelines/cli/main.ts')]

/** Random weights of the tests are for narrow layers: scaled so that many wide ones neither vanish nor explode. */
function scaled(checkpoint: Checkpoint, names: RegExp): Checkpoint {
  for (const [name, { data }] of checkpoint.tensors)
    if (names.test(name)) for (let i = 0; i < data.length; i++) data[i] *= 0.1
  return checkpoint
}

function writeSplice(folder: string, groupCount: number): string {
  const groups = [
    [11, 1],
    [11, 4],
    [21, 10],
    [41, 25],
  ].slice(0, groupCount) as [number, number][]
  const checkpoint = randomOpenSplice({
    kind: 'openspliceai',
    channelCount: 32,
    contextBases: 10_000,
    units: groups.flatMap(([width, dilation]) => Array(4).fill({ width, dilation })),
  })
  const path = join(folder, 'splice.safetensors')
  writeFileSync(path, writeSafetensors(scaled(checkpoint, /conv[12]\.weight$/).tensors))
  return path
}

function writeHyena(folder: string, { hyenaWidth, hyenaLayers, hyenaBases }: ProgramSizes): string {
  const architecture = {
    kind: 'hyena' as const,
    modelWidth: hyenaWidth,
    layerCount: hyenaLayers,
    innerWidth: 4 * hyenaWidth,
    maxLength: hyenaBases + 2,
    embeddingSize: 5,
    filterMlpWidth: 64,
    shortFilterLength: 3,
    layerNormEpsilon: 1e-5,
    vocabularySize: 16,
  }
  const path = join(folder, 'hyena')
  mkdirSync(path)
  const config = {
    ...{ model_type: 'hyenadna', d_model: hyenaWidth, d_inner: 4 * hyenaWidth, n_layer: hyenaLayers },
    ...{ max_seq_len: hyenaBases + 2, emb_dim: 5, filter_order: 64, num_inner_mlps: 2, hyena_order: 2 },
    ...{ short_filter_order: 3, layer_norm_epsilon: 1e-5, vocab_size: 12, pad_vocab_size_multiple: 8 },
  }
  writeFileSync(join(path, 'config.json'), JSON.stringify(config))
  const { tensors } = scaled(randomHyena(architecture), /(proj|fc[12]|lm_head)\.weight$/)
  writeFileSync(join(path, 'model.safetensors'), writeSafetensors(tensors))
  return path
}

function randomBases(count: number): string {
  let state = 1
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    return 'ACGT'[state >>> 30]
  }).join('')
}

/** Single-base changes, evenly spaced over a contig. */
function vcfText(bases: string, count: number): string {
  const step = Math.floor(bases.length / (count + 1))
  const lines = Array.from({ length: count }, (_, i) => {
    const at = (i + 1) * step
    const ref = bases[at]
    return `made\t${at + 1}\t.\t${ref}\t${'ACGT'['ACGT'.indexOf(ref) ^ 1]}\t.\t.\t.\n`
  })
  return `##fileformat=VCFv4.2\n##contig=<ID=made>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n${lines.join('')}`
}

/** The program's last line of its log, an object. */
function runProgram(words: readonly string[]): { seconds: number; device: string } {
  const run = spawnSync(process.execPath, [...programWords, ...words, '--device', 'gpu', '--json'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  if (run.status !== 0)
    throw new Error(`genoconv ${words.join(' ')}: ${run.stderr.trim().split('\n').slice(-2).join(' ')}`)
  const done = run.stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { event?: string; seconds: number; device: string })
    .findLast(({ event }) => event === 'done')
  if (!done) throw new Error(`genoconv ${words.join(' ')}: no summary`)
  return done
}

/** Models of published shapes with random weights, from FASTA to file, as users run them. */
export function benchProgram(sizes: ProgramSizes, precisions: readonly ('f32' | 'f16')[]): ProgramResult[] {
  const folder = mkdtempSync(join(tmpdir(), 'genoconv-gpu-'))
  const at = (name: string): string => join(folder, name)
  try {
    const [splice, hyena] = [writeSplice(folder, sizes.spliceGroups), writeHyena(folder, sizes)]
    const bases = randomBases(sizes.spliceBases)
    writeFileSync(at('splice.fa'), `>made\n${bases}\n`)
    writeFileSync(at('hyena.fa'), `>made\n${randomBases(sizes.hyenaBases)}\n`)
    writeFileSync(at('in.vcf'), vcfText(bases, sizes.alleles))
    const results: ProgramResult[] = []
    for (const precision of precisions) {
      const run = (what: string, count: number, unit: ProgramResult['unit'], words: readonly string[]): void => {
        const { seconds, device } = runProgram([...words, '--precision', precision])
        results.push({ kind: 'program', what, precision, device, count, unit, seconds })
      }
      run(
        sizes.spliceGroups === 4 ? 'OpenSpliceAI-10000' : `OpenSpliceAI of ${sizes.spliceGroups} groups`,
        sizes.spliceBases,
        'bases',
        ['predict', at('splice.fa'), '-m', splice, '-o', at(`splice.${precision}.arrow`)],
      )
      run(
        `HyenaDNA d${sizes.hyenaWidth} x ${sizes.hyenaLayers}, ${sizes.hyenaBases} bases`,
        sizes.hyenaBases,
        'bases',
        [...['predict', at('hyena.fa'), '-m', hyena, '-o', at(`hyena.${precision}.arrow`)]],
      )
      run('single-base changes, OpenSpliceAI', sizes.alleles, 'alleles', [
        ...['variants', at('splice.fa'), at('in.vcf'), '--genes', 'none', '-m', splice],
        ...['-o', at(`out.${precision}.vcf`)],
      ])
    }
    return results
  } finally {
    rmSync(folder, { recursive: true })
  }
}
