/**
 * What shards and kills cost beyond the work itself, in CPU seconds (user and system, all threads), by the program as users
 * run it; every result is compared, byte for byte, with that of one undisturbed `predict` first.
 *
 *     npm run build && npm run bench -- shards [--shards 8] [--regions 100] [--rounds 3]
 *
 * Regions are the first genes of chromosome 20, the model is OpenSpliceAI's of 80 bases (both of ../shared; without it a
 * sample and the shipped model, in regions of 20 kb). One thread.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { median, numberOptions } from './support.ts'

const { shards, regions, rounds } = numberOptions({ shards: 8, regions: 100, rounds: 3 })
const program = process.env['GENOCONV_PROGRAM'] ?? `node ${resolve('dist/pipelines/cli/main.js')}`
const folder = mkdtempSync(join(tmpdir(), 'genoconv-shards-'))
const shared = resolve('../shared/data')
const isShared = existsSync(shared)
const fasta = isShared ? join(shared, 'human/chr20.GRCh37.fa.gz') : resolve('data-samples/MACROD2.fa.gz')
const bed = join(folder, 'regions.bed')

function bedLines(): string[] {
  if (isShared) {
    const genes = readFileSync(join(shared, 'human/chr20.GRCh37.ensembl110-canonical-lifted.tsv'), 'utf8').split('\n')
    const fields = genes.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('\t'))
    return fields
      .slice(0, regions)
      .map(([name, contig, strand, start, end]) => [contig, start, end, name, 0, strand].join('\t'))
  }
  const contig = /^>(\S+)/.exec(spawnSync('gzip', ['-dc', fasta]).stdout.toString('latin1', 0, 200))![1]
  return Array.from(
    { length: Math.min(100, regions) },
    (_, i) => `${contig}\t${i * 20_000}\t${i * 20_000 + 20_000}\tr${i}`,
  )
}
writeFileSync(bed, `${bedLines().join('\n')}\n`)
const model = isShared ? join(shared, 'openspliceai/model_80nt_rs14.pt') : 'splice'
const common = `--regions ${bed} --model ${model} --device cpu --threads 1 --memory 2G`

/** CPU seconds of a command; the system kills it (SIGKILL) when it has used `mostCpuSeconds`, a whole number. */
function cpuSecondsOf(words: string, mostCpuSeconds?: number): number {
  const limit = mostCpuSeconds === undefined ? '' : `ulimit -t ${mostCpuSeconds}; `
  // What `times` says of the shell's children holds for killed ones too.
  const { stdout, stderr } = spawnSync(
    'bash',
    ['-c', `(${limit}exec ${program} ${words} --quiet) < /dev/null > /dev/null; times`],
    { cwd: folder },
  )
  if (stderr.toString().includes('genoconv:')) throw new Error(`${words}: ${stderr}`)
  const parts = stdout
    .toString()
    .split('\n')[1]
    .match(/(\d+)m([\d.]+)s (\d+)m([\d.]+)s/)!
    .slice(1)
    .map(Number) as [number, number, number, number]
  return 60 * (parts[0] + parts[2]) + parts[1] + parts[3]
}

const same = (a: string, b: string): boolean => readFileSync(join(folder, a)).equals(readFileSync(join(folder, b)))
const found = new Map<string, number[]>()
const note = (what: string, seconds: number): void => void found.set(what, [...(found.get(what) ?? []), seconds])

for (let round = 0; round < rounds; round++) {
  const whole = cpuSecondsOf(`predict ${fasta} ${common} -o whole.arrow`)
  note('predict', whole)
  rmSync(join(folder, 'run'), { recursive: true, force: true })
  note('shard plan', cpuSecondsOf(`shard plan ${fasta} ${common} --shards ${shards} -o run/manifest.json`))
  const runAll = (): number =>
    Array.from({ length: shards }, (_, id) => cpuSecondsOf(`shard run run/manifest.json ${id} --device cpu`)).reduce(
      (a, b) => a + b,
    )
  note(`${shards} x shard run`, runAll())
  note(`${shards} x shard run again, when all is there`, runAll())
  note('shard merge', cpuSecondsOf('shard merge run/manifest.json -o merged.arrow'))
  if (!same('merged.arrow', 'whole.arrow')) throw new Error('the merged file is not that of predict')
  rmSync(join(folder, 'resumed.arrow'), { force: true })
  // Killed at a place that differs from round to round, then resumed.
  const killed = cpuSecondsOf(
    `predict ${fasta} ${common} -o resumed.arrow --resume`,
    Math.round(whole * (0.3 + (0.5 * round) / rounds)),
  )
  if (existsSync(join(folder, 'resumed.arrow'))) throw new Error('it ended before it was killed')
  const resumed = cpuSecondsOf(`predict ${fasta} ${common} -o resumed.arrow --resume`)
  if (!same('resumed.arrow', 'whole.arrow')) throw new Error('the resumed file is not that of predict')
  note('lost to a kill of predict, with the second start', killed + resumed - whole)
}
console.log(`${regions} regions, medians of ${rounds} rounds, CPU seconds (least to most)`)
for (const [what, seconds] of found) {
  console.log(
    `  ${what}: ${median(seconds).toFixed(1)} (${Math.min(...seconds).toFixed(1)} to ${Math.max(...seconds).toFixed(1)})`,
  )
}
rmSync(folder, { recursive: true })
