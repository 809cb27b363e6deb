// Makes the screenshots of docs/figures, as `npm run screenshots`: the page of `genoconv view` and that of `npm run demo`, light and dark,
// in Debian's Chromium or the one that GENOCONV_CHROMIUM names. Needs the package built.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'genoconv-screenshots-'))
const cli = 'dist/pipelines/cli/main.js'
const genoconv = (...args) => execFileSync(process.execPath, [cli, ...args], { cwd: root, stdio: 'inherit' })
const servers = []

/** Starts a server and gives the address that it prints first. */
async function serve(...args) {
  const server = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  servers.push(server)
  const [line] = await once(createInterface(server.stdout), 'line')
  return line.split(' ')[0]
}

async function shoot(browser, name, { colorScheme, address, act, shown }) {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1000, height: 760 } })
  const page = await context.newPage()
  await page.goto(address)
  await act(page)
  const path = join(root, 'docs/figures', name)
  await (shown ? page.locator(shown).screenshot({ path }) : page.screenshot({ path }))
  await context.close()
  console.log(`wrote docs/figures/${name}`)
}

/** What the page says under the pointer. */
async function actInView(page) {
  await page.waitForSelector('html[data-state=ready]')
  const { x, y, width } = await page.locator('.genoconv-picture').boundingBox()
  await page.mouse.move(x + ((14_203.5 - 6_999) / 35_001) * width, y + 150)
  await page.locator('.genoconv-values', { hasText: 'donor loss' }).waitFor()
}

/** The sample, and a change in it that destroys a donor. */
async function actInDemo(page) {
  await page.click('#sample')
  await page.waitForSelector('html[data-state=ready]')
  await page.fill('#change', '1542 G>A')
  await page.click('#score')
  await page.waitForSelector('#variants tbody tr')
  await page.click('[data-move=all]')
}

try {
  const [predictions, scored] = ['ADA.splice.arrow', 'scored.vcf'].map((name) => join(folder, name))
  const genes = ['--genes', 'data-samples/ADA.bed']
  genoconv('predict', 'data-samples/ADA.fa.gz', '--strand', '-', '-o', predictions)
  genoconv('variants', 'data-samples/ADA.fa.gz', 'data-samples/ADA.vcf', ...genes, '-o', scored)
  const view = await serve(cli, 'view', predictions, ...genes, '--variants', scored, '--no-open')
  const demo = await serve('scripts/serve-demo.mjs')
  const executablePath = process.env['GENOCONV_CHROMIUM'] ?? '/usr/bin/chromium'
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    for (const colorScheme of ['light', 'dark']) {
      await shoot(browser, `view-${colorScheme}.png`, { colorScheme, address: `${view}#7,000-42,000`, act: actInView })
      await shoot(browser, `demo-${colorScheme}.png`, { colorScheme, address: demo, act: actInDemo, shown: '#results' })
    }
  } finally {
    await browser.close()
  }
} finally {
  for (const server of servers) server.kill()
  rmSync(folder, { recursive: true, force: true })
}
