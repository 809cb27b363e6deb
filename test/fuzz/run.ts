/**
 * Fuzzes the parsers for as long as you like: `npm run fuzz -- --parser bed --inputs 1000000 --seed 7`. Without `--parser`
 * all of them, one after the other. A failure is printed with its input; an input that never ends is written to a file.
 */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { fuzz } from './fuzz.ts'
import { parsers } from './parsers.ts'

/** Inputs between two lines of progress; each batch has a seed of its own. */
const batchInputs = 20_000
/** CPU time without a new input after which a parser is taken to hang. */
const hangMicroseconds = 20_000_000
const lookMilliseconds = 2000
/** Characters of a failure; its input may have 64 KiB. */
const mostShown = 1500

interface Job {
  readonly names: readonly string[]
  readonly inputs: number
  readonly seed: number
  /** Two counters, of inputs and of the bytes of the current one, and that input. */
  readonly shared: SharedArrayBuffer
}

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      parser: { type: 'string', multiple: true },
      inputs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
    },
  })
  const names = values.parser ?? Object.keys(parsers)
  const unknown = names.find((name) => !Object.hasOwn(parsers, name))
  if (unknown !== undefined) {
    console.error(`no parser ${unknown}: expected one of ${Object.keys(parsers).join(', ')}`)
    process.exit(2)
  }
  const shared = new SharedArrayBuffer(8 + 2 ** 17)
  const job: Job = { names, inputs: Number(values.inputs), seed: Number(values.seed), shared }
  // A large young generation: memory is compared before and after an input, and a collection in between hides it.
  const limits = { maxYoungGenerationSizeMb: 256, maxOldGenerationSizeMb: 1024 }
  const worker = new Worker(new URL(import.meta.url), { workerData: job, resourceLimits: limits })
  worker.on('message', (line: string) => console.log(line))
  worker.on('error', (error) => {
    const path = join(tmpdir(), `genoconv-fuzz-${process.pid}.txt`)
    writeFileSync(path, `${error.stack}\n`)
    console.error(`${error.message.slice(0, mostShown)}\nall of it: ${path}\n${error.cause}`)
    process.exit(1)
  })
  worker.on('exit', (code) => process.exit(code))
  watch(shared)
} else {
  await work(workerData as Job)
}

/** Ends the process, and keeps the input, where one takes very long. */
function watch(shared: SharedArrayBuffer): void {
  const counters = new Int32Array(shared, 0, 2)
  let seen = -1
  let used = process.cpuUsage()
  setInterval(() => {
    const { user, system } = process.cpuUsage(used)
    if (counters[0] !== seen) {
      seen = counters[0]
      used = process.cpuUsage()
    } else if (user + system > hangMicroseconds) {
      const path = join(tmpdir(), `genoconv-fuzz-${process.pid}.bin`)
      writeFileSync(path, new Uint8Array(shared, 8, counters[1]))
      console.error(`an input does not end: ${path}`)
      process.exit(1)
    }
  }, lookMilliseconds)
}

async function work({ names, inputs, seed, shared }: Job): Promise<void> {
  const counters = new Int32Array(shared, 0, 2)
  const current = new Uint8Array(shared, 8)
  const onInput = (input: Uint8Array): void => {
    current.set(input.subarray(0, current.length))
    counters[1] = Math.min(input.length, current.length)
    counters[0]++
  }
  for (const name of names) {
    const start = performance.now()
    let read = 0
    let done = 0
    for (let batch = 0; done < inputs; batch++) {
      const count = Math.min(batchInputs, inputs - done)
      read += (await fuzz(name, { inputs: count, seed: seed + batch, onInput })).read
      done += count
      const rate = Math.round((1000 * done) / (performance.now() - start))
      parentPort?.postMessage(`${name}: ${done} inputs, ${read} of them read, ${rate} a second`)
    }
  }
}
