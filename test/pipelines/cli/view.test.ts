import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeArrow } from '../../../src/index.ts'
import { makeBatches } from '../../support/prediction-batches.ts'
import { folders, runProgram } from '../../support/run-program.ts'

const folder = folders()

async function withPredictions(): Promise<ReturnType<typeof folder>> {
  const made = folder()
  const batches = async function* () {
    yield* makeBatches([['one', 0, 1000]])
  }
  await writeArrow(batches(), join(made.path, 'a.arrow'))
  return made
}

it.each([
  ['--svg', 'x.svg', /^<svg .*one:11-50/],
  ['--png', 'x.png', /^\ufffdPNG\r\n/],
  ['--static', 'x.html', /^<!doctype html>[\s\S]*id="held"/],
])('%s: a file of the region, and no server', async (option, name, content) => {
  const { path, names } = await withPredictions()
  const words = ['view', 'a.arrow', option, name, '--region', '11-50']
  const { code, stdout, lines } = await runProgram(words, { cwd: path })
  expect([code, stdout.toString(), lines]).toEqual([0, '', [`genoconv: wrote ${name}`]])
  expect(readFileSync(join(path, name), 'utf8')).toMatch(content)
  expect(names()).toEqual(['a.arrow', name])
})

it('--svg -: standard output', async () => {
  const { path, names } = await withPredictions()
  const { code, stdout, lines } = await runProgram(['view', 'a.arrow', '--svg', '-'], { cwd: path })
  expect([code, lines]).toEqual([0, ['genoconv: wrote to standard output']])
  expect(stdout.toString()).toMatch(/^<svg [\s\S]*<\/svg>\s*$/)
  expect(names()).toEqual(['a.arrow'])
})

it.each([
  [['--png', ''], 2, /^genoconv: --png: is empty: expected a file's name, or -$/],
  [['--static', 'x.html', '--svg', 'x.svg'], 2, /^genoconv: --static: cannot be given with --svg/],
  [['--svg', 'x.svg', '--scale', '3'], 2, /^genoconv: --scale: needs --png/],
  [['--region', '11-50'], 2, /^genoconv: --region: needs --svg or --png or --static/],
  [['--static', 'x.html', '--region', '5-1001'], 1, /outside one: expected positions from 1 to 1,000/],
  [['--static', 'a.arrow'], 2, /the output is an input/],
])('%j: an error, and no file', async (words, expected, message) => {
  const { path, names } = await withPredictions()
  const { code, lines } = await runProgram(['view', 'a.arrow', '--no-open', ...words], { cwd: path })
  expect(code).toBe(expected)
  expect(lines.join('\n')).toMatch(message)
  expect(names()).toEqual(['a.arrow'])
})

it('prints the address as its one line of standard output, serves, and ends well at Ctrl-C', async () => {
  const { path } = await withPredictions()
  let page: Promise<string> | undefined
  const { code, stdout } = await runProgram(['view', 'a.arrow', '--no-open'], {
    cwd: path,
    onStart: (child) =>
      child.stdout!.once('data', (address) => {
        page = fetch(String(address).trim())
          .then((response) => response.text())
          .finally(() => child.kill('SIGINT'))
      }),
  })
  expect(code).toBe(0)
  expect(stdout.toString()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/\n$/)
  expect(await page).toMatch(/^<!doctype html>/)
})
