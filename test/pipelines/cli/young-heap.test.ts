import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** Most bytes of the young heap of a process that makes many objects which live a while. */
function mostYoungBytes(limit: number): number {
  const script = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import { limitYoungHeap } from ${JSON.stringify(new URL('../../../pipelines/cli/young-heap.ts', import.meta.url).href)}
    limitYoungHeap(${limit})
    let [kept, most] = [[], 0]
    for (let turn = 0; turn < 25; turn++) {
      for (let i = 0; i < 60_000; i++) {
        kept.push({ turn, i })
        if (kept.length > 150_000) kept = []
      }
      most = Math.max(most, getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size)
      await new Promise((done) => setTimeout(done, 60)) // a turn of the timer that looks
    }
    console.log(most)`
  const loader = new URL('../../../scripts/typescript.mjs', import.meta.url).href
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', loader, '--input-type=module', '--eval', script],
    { encoding: 'utf8' },
  )
  const bytes = Number(stdout)
  expect(bytes, stderr).toBeGreaterThan(0)
  return bytes
}

it('the heap of young objects stops growing at the limit', () => {
  const limit = 4 * 2 ** 20
  expect(mostYoungBytes(limit)).toBeLessThanOrEqual(2 * limit) // it doubles until it is seen
  expect(mostYoungBytes(2 ** 30)).toBeGreaterThan(2 * limit) // without a limit
})
