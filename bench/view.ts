import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'

/*
 *     npm run bench -- view FILE [FILE ...]
 *
 * How soon `genoconv view` shows a file of predictions in Chromium, and its memory. For each file, Arrow or Parquet: from the
 * start of the program to its address; from the opening of the address to the first picture; jumps of 50 kb and 1 Mb, and values
 * under the pointer; until all rows are looked through; peak memory of the server. Needs the package built (npm run build).
 */
const root = fileURLToPath(new URL('../', import.meta.url))
const files = process.argv.slice(2)
if (files.length === 0) throw new Error('usage: npm run bench -- view FILE [FILE ...]')

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(2)} s`
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]

/** Seconds of processor time, and the largest resident memory in MiB; Linux only. */
function usage(pid: number): { cpu: number; peak: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return { cpu: (Number(fields[11]) + Number(fields[12])) / ticks, peak: Number(peak![1]) / 1024 }
}

/** Milliseconds from the wish to the picture of `text`. */
async function jump(page: Page, text: string): Promise<number> {
  return page.evaluate(async (text) => {
    const picture = document.querySelector('.genoconv-picture')!
    const search = document.querySelector<HTMLInputElement>('#search')!
    const began = performance.now()
    const drawn = new Promise<void>((resolve) => {
      const observer = new MutationObserver(() => {
        if (!picture.getAttribute('aria-label')!.includes(text)) return
        observer.disconnect()
        resolve()
      })
      observer.observe(picture, { attributes: true })
    })
    search.value = text
    document.querySelector<HTMLFormElement>('#go')!.requestSubmit()
    await drawn
    return performance.now() - began
  }, text)
}

async function measure(browser: Browser, file: string): Promise<void> {
  const started = performance.now()
  const server = spawn(process.execPath, ['dist/pipelines/cli/main.js', 'view', file, '--no-open', '--quiet'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [address] = (await once(createInterface(server.stdout), 'line')) as [string]
    const spent = (): string => `${usage(server.pid!).cpu.toFixed(1)} s of processor time so far`
    console.log(`${file}\n  address printed after ${seconds(started)}; ${spent()}`)
    const page = await (await browser.newContext({ viewport: { width: 1200, height: 900 } })).newPage()
    const began = performance.now()
    await page.goto('data:text/html,<p>empty')
    console.log(`  an empty page is drawn in ${seconds(began)}, which is the browser's own part`)
    const opened = performance.now()
    await page.goto(address)
    await page.waitForSelector('html[data-state=ready]')
    console.log(`  drawn ${seconds(opened)} after the address was opened; ${spent()}`)
    await jumps(page, 'while rows are read')
    await page.waitForSelector('#progress:empty', { state: 'attached', timeout: 300_000 })
    console.log(`  all rows looked through ${seconds(opened)} after it was opened; ${spent()}`)
    await jumps(page, 'when all rows were read')
    console.log(`  peak memory of the server: ${usage(server.pid!).peak.toFixed(0)} MiB`)
    await page.context().close()
  } finally {
    server.kill()
  }
}

async function jumps(page: Page, when: string): Promise<void> {
  const contig = await page.inputValue('#contig')
  const [, last] = /-([\d,]+)$/.exec(await page.inputValue('#search'))!
  const length = Number(last.replaceAll(',', ''))
  for (const bases of [50_000, 1_000_000]) {
    const times: number[] = []
    for (let i = 1; i <= 9 && bases < length; i++) {
      const start = Math.floor(((length - bases) * ((i * 0.618) % 1)) / 1000) * 1000
      const [from, to] = [start + 1, start + bases].map((position) => position.toLocaleString('en-US'))
      times.push(await jump(page, `${contig}:${from}-${to}`))
    }
    if (times.length > 0)
      console.log(
        `  jumps to ${bases.toLocaleString('en-US')} bases ${when}: median ${median(times).toFixed(0)} ms, longest ${Math.max(...times).toFixed(0)} ms`,
      )
  }
  const { x, y, width } = (await page.locator('.genoconv-picture').boundingBox())!
  const values = page.locator('.genoconv-values')
  const before = await values.textContent()
  const began = performance.now()
  await page.mouse.move(x + width * (before?.startsWith('largest') ? 0.7 : 0.3), y + 60)
  while ((await values.textContent()) === before) await page.waitForTimeout(5)
  console.log(`  values under the pointer: ${(performance.now() - began).toFixed(0)} ms`)
  await jump(page, contig)
}

const executablePath = process.env['GENOCONV_CHROMIUM'] ?? '/usr/bin/chromium'
if (!existsSync(executablePath)) throw new Error(`${executablePath}: no such file; GENOCONV_CHROMIUM names a browser`)
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
try {
  for (const file of files) await measure(browser, file)
} finally {
  await browser.close()
}
