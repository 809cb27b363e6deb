import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleLibrary, bundleView } from '../../scripts/browser-bundle.mjs'
import * as portable from '../../src/portable.ts'
import { createBackend, loadModel, openGenome, predict } from '../../src/index.ts'
import { describeChromium, launchChromium } from '../support/chromium.ts'
import { serveStatic, type StaticServer } from '../support/static-server.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const mostGzippedBytes = 400_000

let code: Uint8Array
beforeAll(async () => {
  code = (await bundleLibrary()).outputFiles[0].contents
})

describe('the build for browsers', () => {
  it('has no part of Node, all the portable names, and weighs little', async () => {
    const text = new TextDecoder().decode(code)
    expect(text).not.toMatch(/["'`]node:|\brequire\(|from ?["'`]|import ?["'`]/)
    const bytes = gzipSync(code).length
    console.log(`the library for browsers: ${bytes} bytes gzipped`)
    expect(bytes).toBeLessThan(mostGzippedBytes)
    const exported = /export\{([^}]*)\};?\s*$/
      .exec(text)![1]
      .split(',')
      .map((name) => name.replace(/^.* as /, ''))
    expect(exported.sort()).toEqual(Object.keys(portable).sort())
  })
})

const html = `<!doctype html><title>page</title>
<script type="module">import * as genoconv from './genoconv.js'; globalThis.genoconv = genoconv</script>`

type Values = Readonly<Record<string, number[]>>

/** The middle of a gene of the samples: enough for sites, short enough for a software GPU. */
const piece = { contig: '20:61866257-61872847', start: 2000, end: 4600 }

async function inNode(): Promise<Values> {
  const backend = await createBackend('cpu', { threads: 2 })
  const model = await loadModel('splice', { backend })
  const genome = await openGenome(`${root}data-samples/BIRC7.fa`)
  try {
    return await collect(predict(model, genome, { regions: [piece] }))
  } finally {
    await backend.destroy()
  }
}

async function collect(batches: ReturnType<typeof predict>): Promise<Values> {
  const values: Record<string, number[]> = {}
  for await (const { tracks } of batches)
    for (const [name, track] of Object.entries(tracks)) values[name] = [...(values[name] ?? []), ...track]
  return values
}

function expectClose(got: Values, expected: Values): void {
  expect(Object.keys(got)).toEqual(Object.keys(expected))
  for (const [name, values] of Object.entries(expected)) {
    expect(got[name].length).toBe(values.length)
    expect(Math.max(...values)).toBeGreaterThan(0.5) // sites are there
    expect(Math.max(...values.map((value, i) => Math.abs(value - got[name][i])))).toBeLessThan(2e-6)
  }
}

// WebGPU is tested through the page (app.test.ts).
describeChromium('in Chromium', () => {
  let browser: Browser
  let expected: Values
  const servers: StaticServer[] = []
  const pages: Page[] = []
  beforeAll(async () => {
    ;[browser, expected] = await Promise.all([launchChromium(), inNode()])
  })
  afterAll(async () => {
    await browser?.close()
    for (const server of servers) await server.close()
  })

  /** A page that has the library as `genoconv` and the sample as `genome`. */
  async function open(options: { readonly isolated?: boolean } = {}): Promise<Page> {
    const server = await serveStatic((name) => {
      if (name === 'index.html') return new TextEncoder().encode(html)
      if (name === 'genoconv.js') return code
      return /^(models|data-samples)\//.test(name) ? root + name : undefined
    }, options)
    servers.push(server)
    const page = await browser.newPage()
    pages.push(page)
    await page.goto(server.url)
    return page
  }

  const predictIn = (page: Page, threads?: number): Promise<{ description: string; values: Values }> =>
    page.evaluate(
      async ({ piece, threads }) => {
        const { genoconv } = globalThis as unknown as { genoconv: typeof portable }
        const backend = await genoconv.createBackend('cpu', { threads })
        const model = await genoconv.loadModel('splice', { backend })
        const genome = await genoconv.openGenome(await (await fetch('data-samples/BIRC7.fa')).blob())
        const values: Record<string, number[]> = {}
        for await (const { tracks } of genoconv.predict(model, genome, { regions: [piece] }))
          for (const [name, track] of Object.entries(tracks)) values[name] = [...(values[name] ?? []), ...track]
        const { description } = backend
        await backend.destroy()
        return { description, values }
      },
      { piece, threads },
    )

  it('one thread, where memory cannot be shared', async () => {
    const page = await open()
    expect(await page.evaluate(() => [crossOriginIsolated, typeof SharedArrayBuffer])).toEqual([false, 'undefined'])
    const { description, values } = await predictIn(page)
    expect(description).toBe('cpu (1 thread, relaxed SIMD)')
    expectClose(values, expected)
  })

  it('threads, where the page is cross-origin isolated', async () => {
    const { description, values } = await predictIn(await open({ isolated: true }), 3)
    expect(description).toBe('cpu (3 threads, relaxed SIMD)')
    expectClose(values, expected)
  })

  it('the worked example of docs/embedding.md draws what it computes', async () => {
    const page = /```html\n(.*?)```/s.exec(readFileSync(`${root}docs/embedding.md`, 'utf8'))![1]
    const view = (await bundleView()).outputFiles[0].contents
    expect(gzipSync(view).length).toBeLessThan(8000)
    const server = await serveStatic((name) => {
      if (name === 'index.html') return new TextEncoder().encode(page)
      if (name === 'genoconv.js' || name === 'view.js') return name === 'view.js' ? view : code
      return name === 'BIRC7.fa' ? `${root}data-samples/${name}` : /^models\//.test(name) ? root + name : undefined
    })
    servers.push(server)
    const tab = await browser.newPage()
    await tab.goto(server.url)
    await expect.poll(() => tab.title(), { timeout: 30_000 }).toBe('Splice sites of BIRC7 · ready')
    const picture = tab.locator('#picture .genoconv-picture')
    expect(await picture.getAttribute('aria-label')).toBe(`acceptor, donor at ${piece.contig}:1,001-4,000, 3,000 bases`)
    expect(await picture.textContent()).toContain('BIRC7 →')
    expect(await picture.locator('circle').count()).toBe(1)
    const { x, y, width } = (await picture.boundingBox())!
    const strongest = expected['donor'].indexOf(Math.max(...expected['donor'])) + piece.start
    await tab.mouse.move(x + Math.floor(((strongest + 0.5 - 1000) / 3000) * width) + 0.25, y + 60)
    const values = tab.locator('#picture .genoconv-values')
    await expect.poll(() => values.textContent()).toContain(`at ${(strongest + 1).toLocaleString('en')}`)
    const said = Number(/donor ([\d.]+) at/.exec((await values.textContent())!)![1])
    expect(Math.abs(said - expected['donor'][strongest - piece.start])).toBeLessThan(2e-6)
  })

  it('threads that cannot be had are an error that says why', async () => {
    const page = await open()
    await expect(predictIn(page, 2)).rejects.toThrow(
      /`threads`: this page cannot share memory between threads: expected 1, or a cross-origin isolated page, got 2/,
    )
  })
})
