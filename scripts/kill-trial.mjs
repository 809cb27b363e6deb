// Kills the program with SIGKILL, resumes it, and compares bytes: the formats that can be resumed, at default and at the
// smallest memory, and shards (plan, run, merge). Half of the kills come before a step of its work with files that is
// drawn (test/support/kill-at-step.mjs; the last steps, where the output gets its name, more often), half at any time.
//
//     npm run build && node scripts/kill-trial.mjs [kills = 1000] [processes = 2] [seed = 1]
//
// Prints what was killed where; Ctrl-C ends it in order; exit code 1 at the first byte that differs or file that is left.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers'
import { fileURLToPath } from 'node:url'

const [mostKills = 1000, processes = 2, seed = 1] = process.argv.slice(2).map(Number)
/** Ctrl-C: no more kills; what is at work ends in order. */
let kills = mostKills
process.once('SIGINT', () => {
  kills = 0
})
const root = fileURLToPath(new URL('..', import.meta.url))
const program = join(root, 'dist/pipelines/cli/main.js')
const killer = join(root, 'test/support/kill-at-step.mjs')
const model = join(root, 'test/model/weights/golden/openspliceai-nano.safetensors')
const common = ['--device', 'cpu', '--threads', '1', '--model', model, '--chunk', '20k', '--quiet']

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
/** Of the name of a step: killed runs, those of them at one of the last four steps, runs that resumed or ended. */
const counted = (name) => (tally[name] ??= { killed: 0, atTheEnd: 0, completed: 0 })

/** Runs `words` until it is complete, killing it again and again; `check` after each end. */
async function untilComplete(name, cwd, words, more, reference, check) {
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
      counted(name).completed++
      return
    }
    if (outcome.signal !== 'SIGKILL') fail(`${args.join(' ')}: exit code ${outcome.code}`, outcome.stderr)
    killed++
    counted(name).killed++
    if (isAtTheEnd) counted(name).atTheEnd++
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

async function predictTrial(folder, format, memory) {
  const whole = `whole.${format}`
  const output = `out.${format}`
  const words = (name) => ['predict', 'in.fa', '-o', name, ...common, ...(memory ? ['--memory', memory] : [])]
  const reference = await measure(folder, words(whole))
  const bytes = readFileSync(join(folder, whole))
  const name = `predict ${format}, ${memory ? 'smallest' : 'default'} memory`
  return async () => {
    rmSync(join(folder, output), { force: true })
    await untilComplete(name, folder, words(output), ['--resume'], reference, (code) => {
      // What stands under the output's name is complete at any moment.
      const there = readdirSync(folder).includes(output)
      if (code === 0 && !there) fail(`${name}: no output`)
      if (there && !readFileSync(join(folder, output)).equals(bytes)) fail(`${name}: other bytes`)
    })
    if (leftovers(folder, output).length > 0) fail(`${name}: left ${leftovers(folder, output)}`)
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
    for (const id of [2, 0, 1])
      await untilComplete(`shard run, ${label}`, folder, shard(id), [], references[id], () => {})
    await untilComplete(`shard merge, ${label}`, folder, merge, [], mergeReference, (code) => {
      const there = readdirSync(folder).includes('merged.arrow')
      if (code === 0 && !there) fail('merge: no output')
      if (there && !readFileSync(join(folder, 'merged.arrow')).equals(bytes)) fail('merge: other bytes')
    })
    if (leftovers(folder, 'merged.arrow').length > 0) fail(`merge: left ${leftovers(folder, 'merged.arrow')}`)
    const shards = readdirSync(join(folder, 'run/shards')).sort()
    if (shards.join() !== '0.arrow,0.json,1.arrow,1.json,2.arrow,2.json') fail(`shards: ${shards}`)
  }
}

function sequence(bases) {
  let text = ''
  while (text.length < bases) text += 'ACGT'[Math.floor(4 * random())]
  return text
}

const base = mkdtempSync(join(tmpdir(), 'genoconv-kill-trial-'))
process.once('exit', () => rmSync(base, { recursive: true, force: true }))
const fasta = `>one\n${sequence(250_000)}\n>two\n${sequence(60_000)}\n`
let folders = 0
const newFolder = () => {
  const folder = mkdtempSync(join(base, `${folders++}-`))
  writeFileSync(join(folder, 'in.fa'), fasta)
  return folder
}

const asked = await run(newFolder(), ['predict', 'in.fa', '-o', 'x.arrow', ...common, '--memory', '1M'])
const smallest = /at least (\d+M)/.exec(asked.stderr)?.[1] ?? fail('the smallest memory is not said', asked.stderr)
const start = performance.now()
const makers = [undefined, smallest].flatMap((memory) => [
  ...['arrow', 'arrows', 'tsv'].map((format) => () => predictTrial(newFolder(), format, memory)),
  () => shardTrial(newFolder(), memory),
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
  `${killed} kills in ${minutes} min, Node ${process.version}, smallest memory ${smallest}: every result the same to the byte`,
)
console.table(tally)
