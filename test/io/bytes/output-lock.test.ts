import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { lockOutput, type OutputLock } from '../../../src/io/bytes/output-lock.ts'
import { findOutput } from '../../../src/io/bytes/output-place.ts'
import { thisProcess } from '../../../src/io/bytes/process-identity.ts'

const folder = mkdtempSync(join(tmpdir(), 'genoconv-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const output = join(folder, 'out.arrow')
const lock = `${output}.partial.lock`
const take = async (): Promise<OutputLock> => lockOutput(await findOutput(output))
const beside = (): string[] => readdirSync(folder).filter((name) => name.startsWith('out.arrow'))

/** The text of a lock whose holder was killed: a process that has ended. */
async function deadHolder(nonce: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { pid } = spawnSync(process.execPath, ['--version'])
  return JSON.stringify({
    ...(await thisProcess()),
    pid,
    start: '1',
    nonce,
    since: '2026-11-24T12:00:00.000Z',
    ...more,
  })
}

beforeEach(() => {
  for (const name of beside()) rmSync(join(folder, name))
})

describe('the lock of an output', () => {
  it('is held by one, who is named, and can be taken again when it is released', async () => {
    const first = await take()
    await expect(take()).rejects.toThrow(
      new RegExp(
        `out.arrow: another run is writing this output: .*got process ${process.pid} on ${hostname()}, since 2`,
      ),
    )
    await first.release()
    expect(beside()).toEqual([])
    const second = await take()
    await first.release() // of no effect: it is the second's now
    expect(beside()).toEqual(['out.arrow.partial.lock'])
    await second.release()
  })

  // Each state that a kill between any two steps of taking it, or of taking it over, can leave.
  it.each<[string, (dead: string, claimer: string) => Record<string, string>]>([
    ['nobody', () => ({})],
    ['a killed holder', (dead) => ({ '': dead })],
    ['a killed holder, and one killed who claimed its lock', (dead, claimer) => ({ '': dead, '.aa': claimer })],
    ['a claim of a lock that is gone', (_, claimer) => ({ '.aa': claimer })],
    ['a temporary file', (dead) => ({ '.aa.new': dead, '': dead })],
  ])('left by %s: of forty who try at once one gets it, and nothing else is left', async (_, state) => {
    for (let round = 0; round < 8; round++) {
      for (const [suffix, text] of Object.entries(state(await deadHolder('aa'), await deadHolder('bb'))))
        writeFileSync(lock + suffix, text)
      const results = await Promise.allSettled(Array.from({ length: 40 }, take))
      const got = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))
      expect(got.length, errors[0]).toBe(1)
      for (const error of errors) expect(error).toContain(`process ${process.pid}`)
      await got[0].release()
      // What those who came too late had claimed is swept by the next holder at the latest.
      await (await take()).release()
      expect(beside()).toEqual([])
    }
  })

  it('a number of a process that was given again is another process', async () => {
    writeFileSync(lock, await deadHolder('aa', { pid: process.pid }))
    if (existsSync('/proc/self/stat')) await (await take()).release()
  })

  it('of another machine: refused, and what to remove is said', async () => {
    writeFileSync(lock, await deadHolder('aa', { host: 'elsewhere' }))
    await expect(take()).rejects.toThrow(/on elsewhere, .*if that run is gone, remove .*out\.arrow\.partial\.lock$/)
    expect(JSON.parse(readFileSync(lock, 'utf8')).host).toBe('elsewhere')
    rmSync(lock)
    await (await take()).release()
  })

  it('a lock that says nothing is not taken for a free one', async () => {
    writeFileSync(lock, '')
    await expect(take()).rejects.toThrow(/out\.arrow\.partial\.lock: the lock .* remove this file$/)
  })
})
