// Kills the program with SIGKILL, resumes it, and compares bytes: predictions, variants and embeddings in the formats that
// can be resumed, and shards (plan, run, merge), at default and at the smallest memory. Half of the kills come before a step of its work with files that is
// drawn (test/support/kill-at-step.mjs; the last steps, where the output gets its name, more often), half at any time.
//
//     npm run build && node scripts/kill-trial.mjs [kills = 1000] [processes = 2] [seed = 1] [counts.jsonl]
//
// Prints what was killed where; Ctrl-C ends it in order; exit code 1 at the first byte that differs or file that is left.
// `counts.jsonl` gets a line for each trial that has passed, so that what a trial counted outlives it.
import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'

const [mostKills = 1000, processes = 2, seed = 1] = process.argv.slice(2, 5).map(Number)
const countsFile = process.argv[5]
/** Ctrl-C: no more kills; what is at work ends in order. */
let kills = mostKills
process.once('SIGINT', () => {
  kills = 0
})
const root = fileURLToPath(new URL('..', import.meta.url))
const program = join(root, 'dist/pipelines/cli/main.js')
const killer = join(root, 'test/support/kill-at-step.mjs')
const model = join(root, 'test/model/weights/golden/openspliceai-nano.safetensors')
const languageModel = join(root, 'test/model/weights/golden/hyena-nano')
const cpu = ['--device', 'cpu', '--threads', '1', '--quiet']
const common = [...cpu, '--model', model, '--chunk', '20k']

let state = seed
/** From 0 to 1. */
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

/** Runs the program; gives how it ended. */
function run(cwd, words, env = {}, killSeconds = undefined) {
  const child = spawn(process.execPath, [program, ...words], {
    cwd,
    env: { ...process.env, GENOCONV_PLAN_CONSTANTS: 'default', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const timer = killSeconds === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), 1000 * killSeconds)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stderr })
    })
  })
}

function fail(what, stderr = '') {
  console.error(`FAILED: ${what}\n${stderr}`)
  process.exit(1)
}

async function mustRun(cwd, words, env) {
  const { code, stderr } = await run(cwd, words, env)
  if (code !== 0) fail(`${words.join(' ')}: exit code ${code}`, stderr)
}

const tally = {}
let killed = 0
const start = performance.now()

/** Of a command: killed runs, those of them at one of the last four steps, runs that resumed or ended. */
function keepCounts(counts) {
  for (const [name, of] of Object.entries(counts)) {
    tally[name] ??= { killed: 0, atTheEnd: 0, completed: 0 }
    for (const key of Object.keys(of)) tally[name][key] += of[key]
    if (countsFile) appendFileSync(countsFile, `${JSON.stringify({ seed, name, ...of })}\n`)
  }
}

/** Runs `words` until it is complete, killing it again and again; `check` after each end. Gives what it counted. */
async function untilComplete(cwd, words, more, reference, check) {
  const counts = { killed: 0, atTheEnd: 0, completed: 0 }
  for (let attempt = 0; ; attempt++) {
    const args = attempt === 0 ? words : [...words, ...more]
    const isByStep = random() < 0.5
    const isAtTheEnd = isByStep && random() < 0.5
    const step = Math.max(
      1,
      isAtTheEnd ? reference.steps - Math.floor(4 * random()) : Math.ceil(reference.steps * random()),
    )
    const outcome =
      killed >= kills || attempt >= 8
        ? await run(cwd, args)
        : isByStep
          ? await run(cwd, args, { NODE_OPTIONS: `--import ${killer}`, GENOCONV_KILL_STEP: String(step) })
          : await run(cwd, args, {}, reference.seconds * random())
    check(outcome.code)
    if (outcome.code === 0) {
      counts.completed++
      return counts
    }
    if (outcome.signal !== 'SIGKILL') fail(`${args.join(' ')}: exit code ${outcome.code}`, outcome.stderr)
    killed++
    counts.killed++
    if (isAtTheEnd) counts.atTheEnd++
    if (killed % 50 === 0) console.error(`${killed} kills`)
  }
}

/** Steps and seconds of a run that nobody kills. */
async function measure(cwd, words) {
  const count = join(cwd, 'count')
  const start = performance.now()
  await mustRun(cwd, words, { NODE_OPTIONS: `--import ${killer}`, GENOCONV_KILL_COUNT: count })
  const seconds = (performance.now() - start) / 1000
  const steps = Number(readFileSync(count, 'utf8'))
  rmSync(count)
  return { steps, seconds }
}

const leftovers = (cwd, name) => readdirSync(cwd).filter((file) => file.startsWith(name) && file !== name)

/** A run that writes one file and can be resumed; `words` of the command without its output. */
async function outputTrial(folder, words, format, memory) {
  const whole = `whole.${format}`
  const output = `out.${format}`
  const to = (file) => [...words, '-o', file, ...(memory ? ['--memory', memory] : [])]
  const reference = await measure(folder, to(whole))
  const bytes = readFileSync(join(folder, whole))
  const name = `${words[0]} ${format}, ${memory ? 'smallest' : 'default'} memory`
  return async () => {
    rmSync(join(folder, output), { force: true })
    const counts = await untilComplete(folder, to(output), ['--resume'], reference, (code) => {
      // What stands under the output's name is complete at any moment.
      const there = readdirSync(folder).includes(output)
      if (code === 0 && !there) fail(`${name}: no output`)
      if (there && !readFileSync(join(folder, output)).equals(bytes)) fail(`${name}: other bytes`)
    })
    if (leftovers(folder, output).length > 0) fail(`${name}: left ${leftovers(folder, output)}`)
    keepCounts({ [name]: counts })
  }
}

async function shardTrial(folder, memory) {
  const given = memory ?? '2G'
  await mustRun(folder, ['predict', 'in.fa', '-o', 'whole.arrow', ...common, '--memory', given])
  const bytes = readFileSync(join(folder, 'whole.arrow'))
  const plan = ['shard', 'plan', 'in.fa', '--shards', '3', '-o', 'run/manifest.json', ...common, '--memory', given]
  const shard = (id) => ['shard', 'run', 'run/manifest.json', String(id), '--device', 'cpu', '--quiet']
  const merge = ['shard', 'merge', 'run/manifest.json', '-o', 'merged.arrow', '--quiet']
  await mustRun(folder, plan)
  const references = []
  for (const id of [0, 1, 2]) references.push(await measure(folder, shard(id)))
  const mergeReference = await measure(folder, merge)
  const label = `${memory ? 'smallest' : 'default'} memory`
  return async () => {
    rmSync(join(folder, 'run'), { recursive: true })
    rmSync(join(folder, 'merged.arrow'), { force: true })
    await mustRun(folder, plan)
    const runs = []
    for (const id of [2, 0, 1]) runs.push(await untilComplete(folder, shard(id), [], references[id], () => {}))
    const merged = await untilComplete(folder, merge, [], mergeReference, (code) => {
      const there = readdirSync(folder).includes('merged.arrow')
      if (code === 0 && !there) fail('merge: no output')
      if (there && !readFileSync(join(folder, 'merged.arrow')).equals(bytes)) fail('merge: other bytes')
    })
    if (leftovers(folder, 'merged.arrow').length > 0) fail(`merge: left ${leftovers(folder, 'merged.arrow')}`)
    const shards = readdirSync(join(folder, 'run/shards')).sort()
    if (shards.join() !== '0.arrow,0.json,1.arrow,1.json,2.arrow,2.json') fail(`shards: ${shards}`)
    for (const counts of runs) keepCounts({ [`shard run, ${label}`]: counts })
    keepCounts({ [`shard merge, ${label}`]: merged })
  }
}

function sequence(bases) {
  let text = ''
  while (text.length < bases) text += 'ACGT'[Math.floor(4 * random())]
  return text
}

/** Variants of the first record: some that are scored among many that are not, so that the file is long and the run short. */
function vcf(bases) {
  const lines = Array.from({ length: 900 }, (_, i) => {
    const position = 200 + 40 * i
    const ref = bases[position]
    const alt = i % 6 === 0 ? (ref === 'A' ? 'C' : 'A') : '<DEL>'
    return `one\t${position + 1}\tr${i}\t${ref}\t${alt},*\t.\tPASS\tNOTE=${'x'.repeat((i * 37) % 1500)}\n`
  })
  return `##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n${lines.join('')}`
}

const base = mkdtempSync(join(tmpdir(), 'genoconv-kill-trial-'))
process.once('exit', () => rmSync(base, { recursive: true, force: true }))
// More rows than a record batch holds (131,072), of which a killed run keeps those that are complete.
const one = sequence(120_000)
const files = {
  'in.fa': `>one\n${one}\n>two\n${sequence(40_000)}\n`,
  'in.vcf': vcf(one),
  'genes.tsv': `#NAME\tCHROM\tSTRAND\tTX_START\tTX_END\tEXON_START\tEXON_END\nP\tone\t+\t100\t50000\t100,\t50000,\n`,
  'in.bed': Array.from({ length: 600 }, (_, i) => `one\t${i * 150}\t${i * 150 + 100 + (i % 7)}\n`).join(''),
}
let folders = 0
const newFolder = () => {
  const folder = mkdtempSync(join(base, `${folders++}-`))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

const commands = [
  { words: ['predict', 'in.fa', ...common], formats: ['arrow', 'arrows', 'tsv'] },
  {
    words: ['variants', 'in.fa', 'in.vcf', '--genes', 'genes.tsv', ...common.slice(0, -2)],
    formats: ['vcf', 'vcf.gz', 'tsv', 'arrow'],
  },
  { words: ['embed', 'in.fa', '--regions', 'in.bed', ...cpu, '--model', languageModel], formats: ['arrow', 'arrows'] },
]
async function smallestMemory(words) {
  const { stderr } = await run(newFolder(), [...words, '-o', 'x.arrow', '--memory', '1M'])
  return /at least (\d+M)/.exec(stderr)?.[1] ?? fail('the smallest memory is not said', stderr)
}
for (const command of commands) command.smallest = await smallestMemory(command.words)
const makers = [false, true].flatMap((isSmallest) => [
  ...commands.flatMap(({ words, formats, smallest }) =>
    formats.map((format) => () => outputTrial(newFolder(), words, format, isSmallest ? smallest : undefined)),
  ),
  () => shardTrial(newFolder(), isSmallest ? commands[0].smallest : undefined),
])
// Each process takes the next kind of trial in turn, and does one of it.
const ready = makers.map(() => undefined)
let next = 0
const worker = async () => {
  while (killed < kills) {
    const i = next++ % makers.length
    const trial = ready[i] ?? (await makers[i]())
    ready[i] = undefined // in use
    await trial()
    ready[i] = trial
  }
}
await Promise.all(Array.from({ length: processes }, worker))
const minutes = ((performance.now() - start) / 60_000).toFixed(1)
console.log(
  `${killed} kills in ${minutes} min, Node ${process.version}, smallest memory ${commands.map(({ smallest }) => smallest).join(', ')}: every result the same to the byte`,
)
console.table(tally)
