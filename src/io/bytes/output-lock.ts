import { randomBytes } from 'node:crypto'
import { readFileSync, unlinkSync } from 'node:fs'
import { link, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { FormatError } from '../../errors.ts'
import { openFailure } from './output-errors.ts'
import { lockPath, type OutputPlace } from './output-place.ts'
import { isOfThisMachine, mayBeAlive, type ProcessIdentity, thisProcess } from './process-identity.ts'

/** One run at a time writes an output. The end of the process in any way but SIGKILL releases it too. */
export interface OutputLock {
  /** Safe to call twice. */
  release(): Promise<void>
}

interface Holder extends ProcessIdentity {
  /** Of this lock, and of no other. */
  readonly nonce: string
  /** When it was taken, ISO 8601. */
  readonly since: string
}

/**
 * Takes the lock of an output, `<name>.partial.lock`, for as long as it is written.
 *
 * A lock that is there belongs to the run that its text names. If that run is gone (it was killed), the lock is taken over,
 * and of several runs that try at once one wins: each tries to make the claim `<lock>.<nonce of the lock>`, which can be
 * made once, checks that the lock is still the one it has claimed, and moves its claim onto the lock. A claim whose maker
 * was killed is claimed in the same way. So the holder is always the last of the chain that begins at the lock. Files are
 * made by hard links, which appear with their text and are exclusive on network file systems too.
 *
 * @throws FormatError, naming the holder, where another run is writing the output, or one of another machine may be
 */
export async function lockOutput({ name, path }: OutputPlace): Promise<OutputLock> {
  const lock = lockPath(path)
  const nonce = randomBytes(6).toString('hex')
  const holder: Holder = { ...(await thisProcess()), nonce, since: new Date().toISOString() }
  try {
    while (!(await createLock(lock, holder))) {
      const last = await lastHolder(lock)
      if (!last) continue // just released
      if (await mayBeAlive(last)) throw await heldBy(name, lock, last)
      const claim = `${lock}.${last.nonce}`
      if (!(await createLock(claim, holder))) continue // somebody else was faster
      if ((await lastHolder(lock))?.nonce !== nonce) {
        await rm(claim, { force: true }) // what was claimed is no longer the lock
        continue
      }
      await rename(claim, lock)
      break
    }
    await sweep(lock)
  } catch (cause) {
    throw openFailure(name, cause)
  }
  const releaseAtExit = (): void => {
    try {
      if (JSON.parse(readFileSync(lock, 'utf8')).nonce === nonce) unlinkSync(lock)
    } catch {
      // gone already
    }
  }
  process.once('exit', releaseAtExit)
  return {
    async release() {
      process.removeListener('exit', releaseAtExit)
      if ((await readHolder(lock))?.nonce === nonce) await rm(lock, { force: true })
    },
  }
}

/** Makes `path` with the holder's text, unless something is there. */
async function createLock(path: string, holder: Holder): Promise<boolean> {
  const text = `${JSON.stringify(holder)}\n`
  const temporary = `${path}.${holder.nonce}.new`
  try {
    await writeFile(temporary, text, { flag: 'wx' })
    await link(temporary, path)
    return true
  } catch (error) {
    const { code = '' } = error as { code?: string }
    // The answer of a network file system may have got lost: the count of links tells.
    if (code === 'EEXIST') return (await stat(temporary).catch(() => undefined))?.nlink === 2
    if (code === 'ENOENT') return false // swept by a run that has just taken the lock
    if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'].includes(code)) throw error
    return await createWithoutLinks(path, text)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** On a file system that has no hard links. */
async function createWithoutLinks(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false
    await rm(path, { force: true }) // half a lock is nobody's
    throw error
  }
}

/** Who holds the lock: its maker or, after a takeover that is not complete, the last of those who claimed it. */
async function lastHolder(lock: string): Promise<Holder | undefined> {
  let last: Holder | undefined
  for (let path = lock; ; path = `${lock}.${last.nonce}`) {
    const holder = await readHolder(path)
    if (!holder) return last
    last = holder
  }
}

/** Where a lock was made without links, its text may come a moment after it. */
const readTrials = 20
const readMilliseconds = 50

async function readHolder(path: string): Promise<Holder | undefined> {
  for (let trial = 0; trial < readTrials; trial++) {
    const text = await readFile(path, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (text === undefined) return undefined
    try {
      const holder = JSON.parse(text) as Holder
      if (typeof holder.nonce === 'string' && Number.isSafeInteger(holder.pid)) return holder
    } catch {
      // not yet, or never
    }
    await setTimeout(readMilliseconds)
  }
  throw new FormatError({
    where: path,
    what: 'the lock of an output cannot be understood',
    remedy: 'if no run is writing that output, remove this file',
  })
}

/** Removes what runs that were killed on the way to the lock left: nobody can come to hold it by these. */
async function sweep(lock: string): Promise<void> {
  const prefix = `${basename(lock)}.`
  for (const name of await readdir(dirname(lock)))
    if (name.startsWith(prefix)) await rm(join(dirname(lock), name), { force: true })
}

async function heldBy(name: string, lock: string, holder: Holder): Promise<FormatError> {
  const { pid, host, since } = holder
  const remedy = 'wait for it, or give another `output`'
  return new FormatError({
    where: name,
    what: 'another run is writing this output',
    expected: 'one run at a time',
    got: `process ${pid} on ${host}, since ${since}`,
    remedy: (await isOfThisMachine(holder)) ? remedy : `${remedy}; if that run is gone, remove ${lock}`,
  })
}
