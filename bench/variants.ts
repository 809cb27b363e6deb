/**
 * Scoring variants: this program as users run it (dist/), against the functions of OpenSpliceAI's and SpliceAI's own programs
 * in PyTorch, by the processor time of both in the same run.
 *
 *     npm run build && npm run bench -- variants [isolated] [near] [every] [spliceai] [--records 64] [--peer-records 16]
 *
 * The others' code is read from clones named by GENOCONV_OPENSPLICEAI and GENOCONV_SPLICEAI, and run by ../shared/bench/
 * peer_variants.py with GENOCONV_PYTHON (torch, numpy, pandas, pysam, h5py).
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { count } from './support.ts'

const shared = '../shared'
const data = `${shared}/data`
const fasta = `${data}/human/chr20.GRCh37.fa.gz`
const genes = `${data}/variants/chr20.genes.txt`
const contextBases = 10_000
const openSpliceAi = [`${data}/openspliceai/model_10000nt_rs14.pt`]
const spliceAi = [1, 2, 3, 4, 5].map((k) => `${data}/spliceai/spliceai${k}.h5`)

interface Workload {
  readonly title: string
  readonly program: 'openspliceai' | 'spliceai'
  readonly models: readonly string[]
  /** VCF lines without the header's. */
  readonly records: readonly string[]
}

interface Seconds {
  readonly wall: number
  readonly cpu: number
}

/** Runs a program; its own clock and processor time, user and system together. */
function timed(words: readonly string[]): Seconds & { readonly output: string } {
  const script = `TIMEFORMAT='%R %U %S'; time ${words.map((word) => `'${word}'`).join(' ')}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { maxBuffer: 2 ** 28, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr.trim().split('\n').slice(-3).join('\n'))
  const [wall, user, system] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
  return { wall, cpu: user + system, output: stdout }
}

const header = '##fileformat=VCFv4.2\n##contig=<ID=20>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
const positionOf = (record: string): number => Number(record.split('\t')[1])

function peerSeconds({ program, models, records }: Workload, vcf: string, threads: number): Seconds | string {
  const script = `${shared}/bench/peer_variants.py`
  const variable = program === 'openspliceai' ? 'GENOCONV_OPENSPLICEAI' : 'GENOCONV_SPLICEAI'
  const repository = process.env[variable]
  if (!existsSync(script)) return `${script} is not there`
  if (!repository) return `set ${variable} to a clone of its repository`
  const python = process.env['GENOCONV_PYTHON'] ?? 'python3'
  const words = [python, script, program, '--repo', repository, '--vcf', vcf, '--genes', genes, '--fasta', fasta]
  for (const model of models) words.push('--model', model)
  words.push('-n', String(records.length), '--threads', String(threads))
  if (program === 'openspliceai') words.push('--batch-size', '64')
  try {
    return timed(words)
  } catch (error) {
    return `it failed: ${(error as Error).message}`
  }
}

function measure(workload: Workload, folder: string, threads: number, peerRecords: number): void {
  const { title, models, records } = workload
  const vcf = join(folder, 'in.vcf')
  const write = (some: readonly string[]): void => writeFileSync(vcf, header + some.map((line) => `${line}\n`).join(''))
  const alleles = records.reduce((sum, record) => sum + record.split('\t')[4].split(',').length, 0)
  write(records)
  const program = [process.execPath, 'dist/pipelines/cli/main.js', 'variants', fasta, vcf, '--genes', genes]
  for (const model of models) program.push('-m', model)
  const out = join(folder, 'out.vcf')
  const ours = timed([...program, '-o', out, '--device', 'cpu', '--threads', String(threads), '--quiet'])
  const scored = [...readFileSync(out, 'utf8').matchAll(/[=,][ACGT]+\|/g)].length
  if (scored < alleles) throw new Error(`${title}: ${scored} scores for ${alleles} alleles`)
  // The other programs share nothing between records: some of them stand for all. Their ALTs are one a record.
  const sample = records.slice(0, peerRecords).map((record) => {
    const fields = record.split('\t')
    fields[4] = fields[4].split(',')[0]
    return fields.join('\t')
  })
  write(sample)
  const peer = peerSeconds({ ...workload, records: sample }, vcf, threads)
  const perHour = (alleleCount: number, { wall, cpu }: Seconds): string =>
    `${(cpu / alleleCount).toFixed(3)} CPU seconds an allele; ${count((3600 * threads * alleleCount) / cpu)} an hour if ${threads} processors were its own, ${count((3600 * alleleCount) / wall)} by the clock`
  console.log(`${title}: ${alleles} alleles, ${models.length} network${models.length === 1 ? '' : 's'}`)
  console.log(`  genoconv, ${threads} threads, Node ${process.versions.node}: ${perHour(alleles, ours)}`)
  if (typeof peer === 'string') console.log(`  ${workload.program}: not measured, ${peer}`)
  else {
    console.log(`  ${workload.program} in PyTorch, ${sample.length} records: ${perHour(sample.length, peer)}`)
    console.log(`    ratio of CPU seconds: ${(peer.cpu / sample.length / (ours.cpu / alleles)).toFixed(1)}`)
  }
}

const words = process.argv.slice(2)
const option = (name: string, otherwise: number): number => {
  const at = words.indexOf(`--${name}`)
  return at < 0 ? otherwise : Number(words.splice(at, 2)[1])
}
const recordCount = option('records', 64)
const peerRecords = option('peer-records', 16)
const threads = option('threads', 2)
if (!existsSync(data)) throw new Error(`${data} is not there`)

const speed = readFileSync(`${data}/variants/chr20.speed1000.vcf`, 'utf8')
  .split('\n')
  .filter((line) => /^\w/.test(line))
const spaced: string[] = []
for (const record of speed)
  if (spaced.length === 0 || positionOf(record) - positionOf(spaced[spaced.length - 1]) >= 2 * contextBases)
    spaced.push(record)
/** All SNVs of 2 kb around the middle of the records. */
function everySnv(): string[] {
  const start = positionOf(speed[speed.length / 2]) - 1000
  const fetched = timed(['samtools', 'faidx', fasta, `20:${start}-${start + 1999}`]).output
  const bases = fetched.split('\n').slice(1).join('').toUpperCase()
  return [...bases].map((base, i) => {
    const others = [...'ACGT'].filter((other) => other !== base).join(',')
    return `20\t${start + i}\t.\t${base}\t${others}\t.\t.\t.`
  })
}
const workloads: Readonly<Record<string, () => Workload>> = {
  isolated: () => ({
    title: `SNVs at least ${count(2 * contextBases)} bases apart, OpenSpliceAI-10000`,
    program: 'openspliceai',
    models: openSpliceAi,
    records: spaced.slice(0, recordCount),
  }),
  near: () => ({
    title: 'SNVs near splice sites as they come, OpenSpliceAI-10000',
    program: 'openspliceai',
    models: openSpliceAi,
    records: speed.slice(0, recordCount),
  }),
  every: () => ({
    title: 'all SNVs of 2,000 bases, OpenSpliceAI-10000',
    program: 'openspliceai',
    models: openSpliceAi,
    records: everySnv(),
  }),
  spliceai: () => ({
    title: 'SNVs near splice sites as they come, SpliceAI',
    program: 'spliceai',
    models: spliceAi,
    records: speed.slice(0, recordCount),
  }),
}
const folder = mkdtempSync(join(tmpdir(), 'genoconv-variants-'))
try {
  for (const name of words.length > 0 ? words : Object.keys(workloads)) {
    const make = workloads[name]
    if (!make) throw new Error(`no workload ${name}; there are ${Object.keys(workloads).join(', ')}`)
    measure(make(), folder, threads, peerRecords)
  }
} finally {
  rmSync(folder, { recursive: true })
}
