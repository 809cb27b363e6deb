// Loaded before the program (NODE_OPTIONS=--import): ends it with a signal at a step of its work with files, at the same
// place on every machine. Steps are counted in the main thread: each call that changes a file or a folder.
//   GENOCONV_KILL_STEP    before which step, from 1; without it steps are only counted
//   GENOCONV_KILL_WRITES  instead: after so many writes of more than a megabyte, once the record is there
//   GENOCONV_KILL_SIGNAL  SIGKILL, unless another
//   GENOCONV_KILL_COUNT   a file to write the number of steps to at the end
import { Buffer } from 'node:buffer'
import fs from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { setTimeout } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'

const environment = process.env
const killStep = Number(environment.GENOCONV_KILL_STEP ?? 0)
const killWrites = Number(environment.GENOCONV_KILL_WRITES ?? 0)
const signal = environment.GENOCONV_KILL_SIGNAL ?? 'SIGKILL'
const largeBytes = 1e6

/** Sends the signal; returns only when the program has received it. */
async function kill() {
  const told = new Promise((resolve) => void process.once(signal === 'SIGKILL' ? 'SIGUSR2' : signal, resolve))
  process.kill(process.pid, signal)
  await told
}

let steps = 0
const step = async () => {
  if (++steps === killStep) await kill()
}
const before = (object, name) => {
  const original = object[name]
  object[name] = async function (...args) {
    await step()
    return original.apply(this, args)
  }
}

if (isMainThread) {
  const own = environment.GENOCONV_KILL_COUNT
  if (own) process.once('exit', () => fs.writeFileSync(own, String(steps)))
  const { open } = fsPromises
  fsPromises.open = async (path, flags, ...rest) => {
    if (typeof flags !== 'undefined' && flags !== 'r') await step()
    return open(path, flags, ...rest)
  }
  for (const name of ['rename', 'rm', 'link', 'writeFile', 'mkdir', 'unlink']) before(fsPromises, name)
  const handle = await open(process.execPath, 'r')
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  for (const name of ['truncate', 'sync']) before(prototype, name)
  const { writev } = prototype
  let large = 0
  prototype.writev = async function (buffers, ...rest) {
    await step()
    const result = await writev.call(this, buffers, ...rest)
    if (killWrites > 0 && buffers.reduce((sum, buffer) => sum + Buffer.byteLength(buffer), 0) > largeBytes) {
      if (++large === killWrites) {
        while (!fs.readdirSync('.').some((name) => name.endsWith('.partial.json'))) await setTimeout(5)
        await kill()
      }
    }
    return result
  }
  syncBuiltinESMExports()
}
