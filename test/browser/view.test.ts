import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { PredictionBatch } from '../../src/genome.ts'
import { drawPage, type RunningView, viewPredictions, writeArrow, writeParquet } from '../../src/index.ts'
import { describeChromium, launchChromium } from '../support/chromium.ts'
import { temporaryFolder } from '../support/fasta-files.ts'

const folder = temporaryFolder()
const axe = readFileSync(fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8')

const length = 20_000
/** Without values from here for so many bases. */
const gap = { start: 12_000, end: 16_000 }
/** One peak alone in its surroundings. */
const peak = 5000

/** Small values everywhere, peaks of acceptor at each 2,500th position, of donor 100 bases after it. */
function makeBatch(contig: string): PredictionBatch {
  const track = (offset: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => {
      if (i >= gap.start && i < gap.end) return Number.NaN
      if (i % 2500 === offset) return 0.9 + i / 1e6
      return Math.abs(Math.sin(i * 12.9898 + offset)) * 0.01
    })
  return {
    region: { contig, start: 0, end: length },
    bases: Uint8Array.from({ length }, (_, i) => 'ACGT'.charCodeAt((i * 7 + (i >> 3)) % 4)),
    tracks: { acceptor: track(0), donor: track(100) },
    regionIndex: 0,
  }
}

async function* one(batch: PredictionBatch): AsyncGenerator<PredictionBatch> {
  yield batch
}

const batch = makeBatch('20')
/** A text that says float32 values, with each as JavaScript writes it. */
const asWritten = (text: string): string =>
  text.replaceAll(/(?<=(?:acceptor|donor) )[\d.e-]+/g, (value) => String(Math.fround(Number(value))))
const largestOf = (track: string, start: number, end: number): { position: number; value: number } => {
  const values = batch.tracks[track].subarray(start, end)
  const value = values.reduce((a, b) => (b > a ? b : a))
  return { position: start + values.indexOf(value), value }
}

describeChromium('genoconv view in Chromium', () => {
  let browser: Browser
  let running: RunningView
  const contexts: BrowserContext[] = []
  /** Requests to elsewhere, and errors of pages. */
  const wrong: string[] = []

  const files = {
    predictions: [join(folder.path, 'out.arrow'), join(folder.path, 'other.parquet')],
    genes: folder.write('genes.bed', '20\t4000\t9000\tGENE1\t0\t+\t4000\t9000\t0\t2\t1000,1500\t0,3500\n'),
    variants: folder.write(
      'scored.vcf',
      '##fileformat=VCFv4.2\n##INFO=<ID=GENOCONV,Number=.,Type=String,Description="x">\n' +
        '#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n' +
        '20\t5011\t.\tA\tG\t.\t.\tGENOCONV=G|GENE1|0.00|0.85|0.00|0.10|41|-10|12|-1\n',
    ),
  }

  beforeAll(async () => {
    await writeArrow(one(batch), files.predictions[0])
    await writeParquet(one(batch), files.predictions[1])
    ;[browser, running] = await Promise.all([launchChromium(), viewPredictions(files)])
  })
  afterAll(async () => {
    await browser?.close()
    await running?.close()
  })

  async function open(address: string, { dark = false, width = 1100 } = {}): Promise<Page> {
    const context = await browser.newContext({
      colorScheme: dark ? 'dark' : 'light',
      viewport: { width, height: 1000 },
    })
    contexts.push(context)
    context.setDefaultTimeout(20_000)
    context.on('request', (request) => {
      const url = request.url()
      const own = address.replace(/#.*/, '')
      const isOwn = address.startsWith('file:') ? url === own : url.startsWith(own)
      if (!isOwn && !/^(data|blob):/.test(url)) wrong.push(url)
    })
    const page = await context.newPage()
    page.on('pageerror', (error) => wrong.push(String(error)))
    page.on('console', (message) => {
      // A search that finds nothing is answered by 400, which Chromium writes down as well.
      if (message.type() === 'error' && !message.text().includes('400 (Bad Request)')) wrong.push(message.text())
    })
    page.on('dialog', (dialog) => {
      wrong.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await page.goto(address)
    await page.waitForSelector('html[data-state=ready], html[data-state=failed]')
    expect(await page.getAttribute('html', 'data-state'), (await page.textContent('#said')) ?? '').toBe('ready')
    return page
  }

  /** A region of the picture as written in `#search`, once it is drawn. */
  async function search(page: Page, text: string, shown: string): Promise<void> {
    await page.fill('#search', text)
    await page.press('#search', 'Enter')
    await expectShown(page, shown)
  }

  const expectShown = async (page: Page, shown: string): Promise<void> => {
    await expect.poll(() => page.inputValue('#search')).toBe(shown)
    await expect.poll(() => page.getAttribute('.genoconv-picture', 'aria-label')).toContain(` at ${shown}, `)
  }

  /** What is said with the pointer at `position` of what is shown. */
  async function hover(page: Page, position: number, start: number, end: number): Promise<string> {
    const picture = page.locator('.genoconv-picture')
    await picture.scrollIntoViewIfNeeded()
    const { x, y, width } = (await picture.boundingBox())!
    await page.mouse.move(x + ((position + 0.5 - start) / (end - start)) * width, y + 60)
    const values = page.locator('.genoconv-values')
    await expect.poll(() => values.textContent()).toContain('acceptor')
    return (await values.textContent())!
  }

  /** Whether a pixel of the picture has a colour that is not grey: of each column, anywhere in the lane's rows. */
  async function colouredColumns(page: Page): Promise<boolean[]> {
    const picture = page.locator('.genoconv-picture')
    const { x, y, width } = (await picture.boundingBox())!
    // The first lane, below its name.
    const shot = await page.screenshot({ clip: { x, y: y + 50, width, height: 50 } })
    const blank = await page.context().newPage()
    const columns = await blank.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!
      context.drawImage(image, 0, 0)
      const { data } = context.getImageData(0, 0, image.width, image.height)
      return Array.from({ length: image.width }, (_, column) => {
        for (let row = 0; row < image.height; row++) {
          const [r, g, b] = data.subarray((row * image.width + column) * 4)
          if (Math.max(r, g, b) - Math.min(r, g, b) > 60) return true
        }
        return false
      })
    }, shot.toString('base64'))
    await blank.close()
    return columns
  }

  async function expectAccessible(page: Page): Promise<void> {
    await page.evaluate(axe)
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
      }
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    })
    expect(violations).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
  }

  it('draws peaks where they are and nothing where there is no value', async () => {
    const page = await open(running.address)
    expect(await page.textContent('h1')).toBe('out.arrow, other.parquet')
    const columns = await colouredColumns(page)
    const column = (position: number): number => Math.floor((position / length) * columns.length)
    const near = (position: number): boolean => columns.slice(column(position) - 1, column(position) + 2).some(Boolean)
    for (let position = 2500; position < gap.start; position += 2500) expect(near(position), `${position}`).toBe(true)
    expect(columns.slice(column(gap.start) + 2, column(gap.end) - 1)).not.toContain(true)
    expect(await page.locator('.genoconv-picture svg circle').count()).toBe(1)
    expect(await page.locator('.genoconv-picture svg').textContent()).toContain('GENE1 →')
    expect(wrong).toEqual([])
  })

  it('says under the pointer what the file has: of one base, of all that a pixel stands for, and of a gap', async () => {
    const page = await open(running.address)
    await search(page, '20:4,981-5,030', '20:4,981-5,030')
    for (const position of [peak, peak + 1, 4990]) {
      const [acceptor, donor] = [batch.tracks['acceptor'][position], batch.tracks['donor'][position]]
      const said = await hover(page, position, 4980, 5030)
      const place = `20:${(position + 1).toLocaleString('en')}: `
      await expect.poll(() => page.textContent('.genoconv-values')).toContain(place)
      expect(asWritten((await page.textContent('.genoconv-values')) ?? said)).toBe(
        `${place}${['out.arrow', 'other.parquet'].map((file) => `${file} acceptor ${acceptor}, ${file} donor ${donor}`).join(', ')}`,
      )
    }
    await hover(page, 5010, 4980, 5030)
    await expect.poll(() => page.textContent('.genoconv-values')).toContain('5,011 A>G, acceptor loss')

    await search(page, '20', '20:1-20,000')
    await hover(page, peak, 0, length)
    await expect.poll(() => page.textContent('.genoconv-values')).toMatch(/^largest of 20:/)
    const said = (await page.textContent('.genoconv-values'))!
    const [start, end] = /20:([\d,]+)-([\d,]+):/
      .exec(said)!
      .slice(1)
      .map((text) => Number(text.replaceAll(',', '')))
    const largest = largestOf('acceptor', start - 1, end)
    expect(asWritten(said)).toContain(
      `out.arrow acceptor ${largest.value} at ${(largest.position + 1).toLocaleString('en')}, `,
    )
    await hover(page, 14_000, 0, length)
    await expect.poll(() => page.textContent('.genoconv-values')).toContain('acceptor no value')
    expect(wrong).toEqual([])
  })

  it('moves by the search, by the table of sites and by keys', async () => {
    const page = await open(running.address)
    await search(page, 'gene1', '20:4,001-9,000')
    await search(page, '7,501', '20:7,451-7,551')
    await page.fill('#search', 'nowhere')
    await page.press('#search', 'Enter')
    await expect.poll(() => page.textContent('#said')).toMatch(/nowhere: not found/)
    const best = largestOf('donor', 0, length)
    const first = page.locator('#sites tbody tr').first()
    await expect.poll(() => first.textContent()).toContain((best.position + 1).toLocaleString('en'))
    await first.click()
    const around = `20:${(best.position - 49).toLocaleString('en')}-${(best.position + 51).toLocaleString('en')}`
    await expectShown(page, around)
    await page.fill('#least', '0.9')
    await expect.poll(() => page.textContent('#sites caption')).toMatch(/^Strongest sites: \d+$/)
    const values = await page.locator('#sites tbody td:nth-child(4)').allTextContents()
    const strong = ['acceptor', 'donor'].flatMap((track) => [...batch.tracks[track]].filter((value) => value >= 0.9))
    expect(values.map(Number).sort()).toEqual(
      [...strong, ...strong].map((value) => Number(value.toPrecision(4))).sort(),
    )
    await page.focus('.genoconv-picture')
    await page.keyboard.press('Home')
    await expectShown(page, '20:1-20,000')
    await page.keyboard.press('+')
    await expectShown(page, '20:5,001-15,000')
    expect(wrong).toEqual([])
  })

  it.each([
    { dark: false, width: 1100 },
    { dark: true, width: 400 },
  ])('axe-core finds nothing: dark $dark, $width pixels wide', async (options) => {
    const page = await open(running.address, options)
    expect(await page.getAttribute('html', 'data-theme')).toBe(options.dark ? 'dark' : 'light')
    await expectAccessible(page)
    await page.fill('#search', 'nowhere')
    await page.press('#search', 'Enter')
    await page.waitForSelector('#said[data-kind=error]')
    await expectAccessible(page)
    expect(wrong).toEqual([])
  })

  it('the address names a region or a gene, follows the view, and survives a reload', async () => {
    const page = await open(`${running.address}#gene1`)
    await expectShown(page, '20:4,001-9,000')
    expect(new URL(page.url()).hash).toBe('#20:4,001-9,000')
    await page.click('#in')
    await expectShown(page, '20:5,251-7,750')
    await page.reload()
    await page.waitForSelector('html[data-state=ready]')
    await expectShown(page, '20:5,251-7,750')
    await page.evaluate(() => {
      location.hash = '#20:1-2,000'
    })
    await expectShown(page, '20:1-2,000')
    const lost = await open(`${running.address}#%3Cb%3Enowhere`)
    expect(await lost.textContent('#said')).toMatch(/^search: <b>nowhere: not found/)
    expect(await lost.inputValue('#search')).toBe('20:1-20,000')
    expect(wrong).toEqual([])
  })

  it('names that hold HTML are text in the title, the search, the table, the picture and under the pointer', async () => {
    const contig = '<img/src=x/onerror=alert(1)>"\'&'
    const path = join(folder.path, '<i>x.arrow')
    await writeArrow(one(makeBatch(contig)), path)
    const gene = '<svg/onload=alert(2)>'
    const own = await viewPredictions({
      predictions: [path],
      genes: folder.write('names.bed', `${contig}\t4500\t9000\t${gene}\t0\t+\t4500\t9000\t0\t1\t4500\t0\n`),
      variants: folder.write(
        'names.vcf',
        `##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n${contig}\t5011\t.\tA\t<script>\t.\t.\t.\n`,
      ),
    })
    onTestFinished(() => own.close())
    const page = await open(own.address)
    await search(page, gene, `${contig}:4,501-9,000`)
    expect(await page.locator('img, i, main svg svg, body script:not([src])').count()).toBe(0)
    expect(await page.textContent('h1')).toBe('<i>x.arrow')
    expect(await page.textContent('.genoconv-picture')).toContain(`${gene} →`)
    expect(await page.textContent('.genoconv-picture')).toContain('A><script>')
    expect(await page.textContent('#contig option')).toBe(contig)
    expect(await page.locator('#sites tbody tr td').first().textContent()).toBe(contig)
    await hover(page, 5010, 4500, 9000)
    await expect.poll(() => page.textContent('.genoconv-values')).toContain(`${contig}:5,011 A><script>, not scored`)
    await page.context().close()
    expect(wrong).toEqual([])
  })

  it('a page on another port gets nothing, not even with the address', async () => {
    const other = createServer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>elsewhere</title>')
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const page = await (await browser.newContext()).newPage()
    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`)
    const got = await page.evaluate(async (address) => {
      const load = (name: 'script' | 'iframe', source: string): Promise<string> =>
        new Promise((resolve) => {
          const element = document.createElement(name)
          element.src = source
          element.onload = () =>
            resolve(name === 'iframe' && !(element as HTMLIFrameElement).contentDocument ? 'closed' : 'loaded')
          element.onerror = () => resolve('refused')
          document.body.append(element)
        })
      const ask = (url: string, options?: RequestInit): Promise<string> =>
        fetch(url, options).then(
          (response) => response.text(),
          () => 'refused',
        )
      return [
        await ask(`${address}api/info`),
        await ask(address),
        await ask(`${address}api/info`, { mode: 'no-cors' }),
        await load('script', `${address}page.js`),
        await load('iframe', address),
      ]
    }, running.address)
    expect(got).toEqual(['refused', 'refused', expect.stringMatching(/^(refused|)$/), 'refused', 'closed'])
    await page.context().close()
  })

  it('a static page opens from a file, asks for nothing, and shows a hostile contig and gene as text', async () => {
    const contig = `<img src=x onerror=alert(1)>$&$'</script><script>alert(2)</script>`
    const name = '<b>$& & "x"'
    const path = join(folder.path, 'a<b>.arrow')
    await writeArrow(one(makeBatch(contig)), path)
    const genes = folder.write('hostile.bed', `${contig}\t4500\t9000\t${name}\t0\t-\t4500\t9000\t0\t1\t4500\t0\n`)
    const share = join(folder.path, 'share.html')
    writeFileSync(share, await drawPage({ predictions: [path], genes }, { region: '4,001-16,000' }))

    const page = await open(pathToFileURL(share).href)
    expect(await page.textContent('h1')).toBe(`a<b>.arrow · ${contig}:4,001-16,000`)
    await expectShown(page, `${contig}:4,001-16,000`)
    expect(await page.locator('img, b, body script:not(#held)').count()).toBe(1)
    expect(await page.locator('.genoconv-picture svg').textContent()).toContain(`← ${name}`)
    expect(await page.locator('#sites tbody tr td').first().textContent()).toBe(contig)
    const columns = await colouredColumns(page)
    expect([columns.some(Boolean), columns.slice(-320).some(Boolean)]).toEqual([true, false])

    await search(page, name, `${contig}:4,501-9,000`)
    await search(page, '5,001', `${contig}:4,951-5,051`)
    await hover(page, peak, 4950, 5051)
    await expect
      .poll(async () => asWritten((await page.textContent('.genoconv-values'))!))
      .toBe(`${contig}:5,001: acceptor ${batch.tracks['acceptor'][peak]}, donor ${batch.tracks['donor'][peak]}`)
    await page.fill('#search', '100')
    await page.press('#search', 'Enter')
    await expect
      .poll(() => page.textContent('#said'))
      .toBe(`100: not in this page: expected a part of ${contig}:4,001-16,000`)
    // Nothing of it lies outside what the file holds.
    await page.focus('.genoconv-picture')
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Home')
    await expectShown(page, `${contig}:4,001-16,000`)
    await page.keyboard.press('ArrowLeft')
    await expectShown(page, `${contig}:4,001-16,000`)
    await expectAccessible(page)
    expect(wrong).toEqual([])
  })

  it('a static page does not load or run what was added to it', async () => {
    const asked: (string | undefined)[] = []
    const elsewhere = createServer((request, response) => {
      asked.push(request.url)
      response.end()
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void elsewhere.close())
    const image = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/x.png`
    const share = join(folder.path, 'changed.html')
    const html = await drawPage({ predictions: [files.predictions[0]] }, { region: '1-2,000' })
    const added = `<script>document.title = "run"; new Image().src = "${image}"</script><img src="${image}">`
    writeFileSync(share, html.replace('</body>', `${added}</body>`))
    const page = await open(pathToFileURL(share).href)
    await expect.poll(() => wrong.filter((text) => text.includes('Content Security Policy')).length).toBe(2)
    expect(await page.title()).toBe('out.arrow · 20:1-2,000 · genoconv')
    expect(asked).toEqual([])
    wrong.length = 0
  })
})
