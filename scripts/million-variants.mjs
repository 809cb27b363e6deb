// A large VCF made from the reference is scored in one run; in runs that are killed with SIGKILL and resumed; and in
// eight shards that are merged. Their bytes are compared, and their time and peak memory printed.
//
//     npm run build && node scripts/million-variants.mjs genome.fa.gz genes [--model splice] [--records 1000000]
//         [--kills 50] [--memory 1G] [--format vcf]
//
// The VCF has a record at even distances, with some chance, over the first contig of the FASTA; nine of ten are SNVs, the
// rest insertions. Exit code 1 at the first difference.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { clearTimeout, setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const text = (value) => ({ type: 'string', default: value })
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: text('splice'),
    records: text('1000000'),
    kills: text('50'),
    memory: text('1G'),
    format: text('vcf'),
  },
})
const [fasta, genes] = positionals
if (!genes) throw new Error('expected a FASTA and its genes')
const [records, kills] = [Number(options.records), Number(options.kills)]
const program = fileURLToPath(new URL('../dist/pipelines/cli/main.js', import.meta.url))
const { openGenome } = await import('../dist/src/index.js')

let state = 1
/** From 0 to 1. */
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

async function* vcfLines() {
  const genome = await openGenome(fasta)
  const [{ name, length }] = await genome.contigs()
  yield `##fileformat=VCFv4.2\n##contig=<ID=${name}>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n`
  const step = length / records
  const batch = 1000
  for (let first = 0; first < records; first += batch) {
    const start = Math.floor(first * step)
    const count = Math.min(batch, records - first)
    const end = Math.min(length, Math.ceil((first + count) * step))
    const bases = new TextDecoder().decode(await genome.read({ contig: name, start, end })).toUpperCase()
    let lines = ''
    for (let i = first; i < first + count; i++) {
      const position = Math.min(Math.floor((i + random()) * step), end - 1)
      const ref = bases[position - start]
      const other = 'ACGT'.replace(ref, '')[Math.floor(3 * random())]
      lines += `${name}\t${position + 1}\tr${i}\t${ref}\t${random() < 0.9 ? other : ref + other}\t.\tPASS\tAF=0.${i % 1000}\n`
    }
    yield lines
  }
  await genome.close()
}

/** Runs the program; ends this one where it fails, unless it was killed. */
function run(words, killSeconds) {
  const script = ['-v', process.execPath, program, ...words, '--quiet']
  const start = performance.now()
  const child = spawn('/usr/bin/time', script, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  let isKilled = false
  const timer =
    killSeconds === undefined
      ? undefined
      : setTimeout(() => {
          isKilled = true
          process.kill(-child.pid, 'SIGKILL')
        }, 1000 * killSeconds)
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer)
      if (code !== 0 && !isKilled) fail(`${words.join(' ')}\n${stderr}`)
      const number = (label) => Number(new RegExp(`${label}[^:]*: ([\\d.]+)`).exec(stderr)?.[1])
      resolve({
        isKilled,
        seconds: (performance.now() - start) / 1000,
        cpu: number('User time') + number('System time'),
        mebibytes: number('Maximum resident set size') / 1024,
      })
    })
  })
}

function fail(what) {
  console.error(`FAILED: ${what}`)
  process.exit(1)
}

async function hash(path) {
  const digest = createHash('sha256')
  for await (const piece of createReadStream(path)) digest.update(piece)
  return digest.digest('hex')
}

const report = (what, { seconds, cpu, mebibytes }) =>
  console.log(
    `${what}: ${seconds.toFixed(0)} s, ${cpu.toFixed(0)} s of processor time, peak memory ${mebibytes.toFixed(0)} MiB`,
  )

const folder = mkdtempSync(join(tmpdir(), 'genoconv-million-'))
try {
  const vcf = join(folder, 'in.vcf')
  await pipeline(vcfLines, createWriteStream(vcf))
  const given = ['--genes', genes, '-m', options.model, '--device', 'cpu', '--memory', options.memory]
  const output = (name) => join(folder, `${name}.${options.format}`)
  const words = (name) => ['variants', fasta, vcf, ...given, '-o', output(name)]
  const whole = await run(words('whole'))
  report(`${records} records in one run`, whole)
  const expected = await hash(output('whole'))

  for (let killed = 0, ended = 0; killed < kills; ) {
    const resume = ended++ === 0 ? [] : ['--resume']
    const { isKilled } = await run([...words('killed'), ...resume], whole.seconds * random())
    if (isKilled) killed++
    else {
      if ((await hash(output('killed'))) !== expected) fail(`other bytes after ${killed} kills`)
      rmSync(output('killed'))
      ended = 0
    }
    if (killed === kills) {
      report('the last resumed run', await run([...words('killed'), '--resume']))
      if ((await hash(output('killed'))) !== expected) fail('other bytes at the end')
      console.log(`${killed} kills: the same bytes`)
    }
  }

  const manifest = join(folder, 'run/manifest.json')
  const plan = ['shard', 'plan', fasta, '--variants', vcf, ...given, '--shards', '8', '-o', manifest]
  report('eight shards planned', await run(plan))
  for (let i = 0; i < 8; i++) await run(['shard', 'run', manifest, String(i), '--device', 'cpu'])
  report('merged', await run(['shard', 'merge', manifest, '-o', output('merged')]))
  if ((await hash(output('merged'))) !== expected) fail('other bytes when merged')
  console.log('eight shards, merged: the same bytes')
} finally {
  rmSync(folder, { recursive: true })
}
