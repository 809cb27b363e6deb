import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tableFromIPC } from 'apache-arrow'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildDemo } from '../../scripts/build-demo.mjs'
import { createBackend, loadModel, openGenome, type PredictionBatch, predict } from '../../src/index.ts'
import { describeChromium, launchChromium } from '../support/chromium.ts'
import { serveStatic, type StaticServer } from '../support/static-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const sample = `${root}data-samples/BIRC7.fa`
const axe = readFileSync(`${root}node_modules/axe-core/axe.min.js`, 'utf8')
/** The intron's first base after exon 1, whose donor the change destroys; 0-based. */
const change = { text: '1542 G>A', position: 1541, alt: 'A' }
const distance = 50
/** Of the sample, with an acceptor and a donor that the shipped model finds there: enough to compare numbers on each device. */
const piece = { start: 3300, end: 3900 }

/** What the library gives in Node, as the command line does: for the sample, for the sample with the change in it, and for `piece` alone. */
async function inNode() {
  const backend = await createBackend('cpu', { threads: 2 })
  const model = await loadModel('splice', { backend })
  const genome = await openGenome(sample)
  const batch = await onlyBatch(predict(model, genome))
  const text = new TextDecoder().decode(batch.bases)
  const altered = text.slice(0, change.position) + change.alt + text.slice(change.position + 1)
  const ofText = async (bases: string): Promise<PredictionBatch> =>
    onlyBatch(predict(model, await openGenome(new Blob([`>x\n${bases}\n`]))))
  const after = await ofText(altered)
  const ofPiece = await ofText(text.slice(piece.start, piece.end))
  await backend.destroy()
  return { batch, after, ofPiece }
}

async function onlyBatch(batches: AsyncIterable<PredictionBatch>): Promise<PredictionBatch> {
  const all = []
  for await (const batch of batches) all.push(batch)
  expect(all.length).toBe(1)
  return all[0]
}

/** The page's words for the largest gain or loss of a track near the change, from two predictions. */
function strongest({ batch, after }: Awaited<ReturnType<typeof inNode>>, track: string, sign: 1 | -1): string {
  let best = { delta: -1, position: 0 }
  for (let position = change.position - distance; position <= change.position + distance; position++) {
    const delta = sign * (after.tracks[track][position] - batch.tracks[track][position])
    if (delta > best.delta) best = { delta, position }
  }
  return `${best.delta.toFixed(2)} at ${(best.position + 1).toLocaleString('en')}`
}

describeChromium('the page in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genoconv-demo-'))
  const pieceFile = join(folder, 'piece.fa')
  let browser: Browser
  let expected: Awaited<ReturnType<typeof inNode>>
  const servers: StaticServer[] = []
  const contexts: BrowserContext[] = []
  const outside: string[] = []

  beforeAll(async () => {
    ;[browser, expected] = await Promise.all([launchChromium(), inNode(), buildDemo(folder)])
    writeFileSync(pieceFile, `>piece\n${new TextDecoder().decode(expected.ofPiece.bases)}\n`)
  })
  afterAll(async () => {
    await browser?.close()
    for (const server of servers) await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(options: { isolated?: boolean; dark?: boolean; width?: number } = {}): Promise<Page> {
    const server = await serveStatic((name) => (name.includes('..') ? undefined : join(folder, name)), options)
    servers.push(server)
    const context = await browser.newContext({
      colorScheme: options.dark ? 'dark' : 'light',
      viewport: { width: options.width ?? 1100, height: 900 },
      acceptDownloads: true,
    })
    contexts.push(context)
    context.setDefaultTimeout(240_000) // the GPU is played by the CPU
    const page = await context.newPage()
    const { origin } = new URL(server.url)
    context.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) outside.push(request.url())
    })
    page.on('pageerror', (error) => outside.push(String(error)))
    await page.addInitScript(() => {
      const tasks: number[] = []
      Object.assign(globalThis, { longTasks: tasks })
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration)
      }).observe({ entryTypes: ['longtask'] })
    })
    await page.goto(server.url)
    return page
  }

  const state = (page: Page, name: string): Promise<unknown> => page.waitForSelector(`html[data-state=${name}]`)
  const drop = (page: Page, path = sample): Promise<void> => page.setInputFiles('#file', path)

  async function downloaded(page: Page, format: 'arrow' | 'bedgraph'): Promise<{ name: string; bytes: Buffer }> {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`[data-download=${format}]`)])
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) }
  }

  async function expectEqual(
    page: Page,
    device: RegExp,
    file: string,
    { bases, tracks }: PredictionBatch,
  ): Promise<void> {
    const { name, bytes } = await downloaded(page, 'arrow')
    expect(name).toBe(file)
    const table = tableFromIPC(bytes)
    expect(table.schema.metadata.get('genoconv.device')).toMatch(device)
    expect(table.numRows).toBe(bases.length)
    expect([...table.getChild('base')!].join('')).toBe(new TextDecoder().decode(bases))
    expect([...table.getChild('position')!].at(-1)).toBe(table.numRows - 1)
    for (const track of ['acceptor', 'donor']) {
      const got = table.getChild(track)!.toArray() as Float32Array
      const differences = got.map((value, i) => Math.abs(value - tracks[track][i]))
      expect(Math.max(...got)).toBeGreaterThan(0.5)
      expect(Math.max(...differences)).toBeLessThan(2e-6)
    }
  }

  it('one thread: from a file to tracks, table, download and a scored variant; nothing leaves its origin', async () => {
    const page = await open()
    await page.selectOption('#device', 'one-thread')
    await drop(page)
    await state(page, 'ready')
    expect(await page.textContent('#status')).toMatch(/^6,591 bases in .* on cpu \(1 thread, relaxed SIMD\)\.$/)
    await expectEqual(page, /^cpu \(1 thread/, 'BIRC7.splice.arrow', expected.batch)

    const sites = await page.locator('#sites tbody tr').allTextContents()
    const strong = ['acceptor', 'donor'].flatMap((track) =>
      Array.from(expected.batch.tracks[track], (value, position) => ({ track, position, value })).filter(
        ({ value }) => value >= 0.5,
      ),
    )
    expect(sites.length).toBe(strong.length)
    const best = strong.sort((a, b) => b.value - a.value)[0]
    expect(sites[0]).toContain(`${(best.position + 1).toLocaleString('en')}${best.track}`)
    await page.click('#sites tbody tr:first-child button')
    expect(await page.textContent('#readout')).toContain(
      `${best.track} ${Number(expected.batch.tracks[best.track][best.position].toPrecision(6))}`,
    )

    await page.fill('#change', change.text)
    await page.click('#score')
    await page.waitForSelector('#variants tbody tr')
    const cells = await page.locator('#variants tbody tr:first-child td').allTextContents()
    expect(cells.slice(1)).toEqual([
      '+',
      ...(['acceptor', 'donor'] as const).flatMap((track) => [
        strongest(expected, track, 1),
        strongest(expected, track, -1),
      ]),
    ])
    expect(cells[5]).toMatch(/^(1\.00|0\.[5-9]\d) at 1,541$/) // the donor is lost

    const { name, bytes } = await downloaded(page, 'bedgraph')
    expect(name).toBe('BIRC7.splice.bedgraph')
    expect(bytes.toString()).toMatch(/^track type=bedGraph name="acceptor"\n20:61866257-61872847\t0\t/)
    const tasks = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks)
    console.log(`long tasks of the main thread: ${tasks.join(', ') || 'none'}`)
    expect(outside).toEqual([])
  })

  it('threads, where the page is cross-origin isolated', async () => {
    const page = await open({ isolated: true })
    await page.selectOption('#device', 'cpu')
    await drop(page, pieceFile)
    await state(page, 'ready')
    await expectEqual(page, /^cpu \(\d+ threads?, relaxed SIMD\)/, 'piece.splice.arrow', expected.ofPiece)
    expect(outside).toEqual([])
  })

  it('WebGPU', async () => {
    const page = await open()
    await page.selectOption('#device', 'gpu')
    await drop(page, pieceFile)
    await state(page, 'ready')
    await expectEqual(page, /software/, 'piece.splice.arrow', expected.ofPiece)
    expect(await page.textContent('#warnings')).toContain('software adapter')
  })

  it('stops at once, keeps what was computed, and runs again', async () => {
    const page = await open()
    await page.selectOption('#device', 'one-thread')
    await drop(page, `${root}data-samples/MACROD2.fa.gz`)
    await state(page, 'open')
    await page.fill('#region', '20:13850001-16150000:1-2,000,000')
    await page.click('#predict')
    await page.waitForFunction(() => Number((document.querySelector('#progress') as HTMLProgressElement).value) > 0)
    expect(await page.locator('#sites tbody tr').count()).toBeGreaterThanOrEqual(0)
    await page.click('#stop')
    await state(page, 'ready')
    expect(await page.textContent('#status')).toBe('Stopped.')
    const { name, bytes } = await downloaded(page, 'arrow')
    expect(name).toMatch(/^MACROD2\.20:?_?.*\.splice\.arrow$/)
    const rows = tableFromIPC(bytes).numRows
    expect(rows).toBeGreaterThan(0)
    expect(rows).toBeLessThan(2_000_000)
    await page.fill('#region', '20:13850001-16150000:1-500')
    await page.click('#predict')
    await page.waitForFunction(() => document.querySelector('#status')!.textContent!.startsWith('500 bases in'))
  })

  it('a model file that is dropped computes; a model that does not fit the page says so', async () => {
    const page = await open()
    await page.setInputFiles('#model-file', [
      `${root}models/splice/config.json`,
      `${root}models/splice/model.safetensors`,
    ])
    expect(await page.textContent('#status')).toMatch(/model\.safetensors will be used/)
    await drop(page, pieceFile)
    await state(page, 'ready')
    const { name, bytes } = await downloaded(page, 'arrow')
    expect(name).toBe('piece.model.safetensors.arrow')
    const got = tableFromIPC(bytes).getChild('donor')!.toArray() as Float32Array
    expect(Math.max(...got.map((value, i) => Math.abs(value - expected.ofPiece.tracks['donor'][i])))).toBeLessThan(2e-6)
    await page.setInputFiles('#model-file', { name: 'x.safetensors', mimeType: '', buffer: Buffer.from('hello') })
    await page.waitForSelector('#problem:not([hidden])')
    expect(await page.textContent('#problem')).toMatch(/^x\.safetensors: not a model/)
  })

  it('says what is wrong with what it is given', async () => {
    const page = await open()
    await page.setInputFiles('#file', { name: 'x.fa', mimeType: '', buffer: Buffer.from('hello') })
    await page.waitForSelector('#problem:not([hidden])')
    expect(await page.textContent('#problem')).toMatch(/^x\.fa/)
    await page.click('text=Paste a sequence')
    await page.fill('#pasted', 'ACGTACGTAA')
    await page.click('#paste button')
    await state(page, 'ready')
    expect(await page.isVisible('#problem')).toBe(false)
    await page.fill('#change', '3 C>A')
    await page.click('#score')
    await page.waitForSelector('#variants tbody tr')
    expect(await page.textContent('#variants tbody')).toMatch(/no score: the reference has other bases/)
    await page.fill('#region', 'pasted:5-20')
    await page.click('#predict')
    await page.waitForSelector('#problem:not([hidden])')
    expect(await page.textContent('#problem')).toMatch(/outside contig pasted of length 10/)
  })

  it.each([
    { dark: false, width: 1100 },
    { dark: true, width: 400 },
  ])('by keyboard and by axe-core: dark $dark, $width pixels wide', async (options) => {
    const page = await open(options)
    await page.focus('#sample')
    await page.keyboard.press('Enter')
    await state(page, 'ready')
    const whole = await page.textContent('#shown')
    await page.focus('#tracks')
    await page.keyboard.press('+')
    await page.keyboard.press('ArrowRight')
    expect(await page.textContent('#shown')).not.toBe(whole)
    await page.keyboard.press('Home')
    expect(await page.textContent('#shown')).toBe(whole)
    await page.evaluate(axe)
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
      }
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    })
    expect(violations).toEqual([])
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(overflow).toBeLessThanOrEqual(0)
  })
})
