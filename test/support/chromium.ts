import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { describe } from 'vitest'

/** The browser of the tests: Debian's, or what `GENOCONV_CHROMIUM` names. */
const path = process.env['GENOCONV_CHROMIUM'] ?? '/usr/bin/chromium'
const isThere = existsSync(path)

/** Tests in a browser; where there is none they say that they skipped, which is a failure with `GENOCONV_REQUIRE_CHROMIUM=1`. */
export function describeChromium(name: string, body: () => void): void {
  if (isThere) describe(name, body)
  else if (process.env['GENOCONV_REQUIRE_CHROMIUM']) throw new Error(`${path} is missing, and it is required`)
  else describe.skip(`${name} (skipped: no ${path})`, () => {})
}

/** Chromium without a window; WebGPU by its own software adapter. */
export const launchChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: path,
    args: [
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--use-webgpu-adapter=swiftshader',
      '--enable-features=Vulkan',
      '--disable-background-networking',
      '--disable-component-update',
    ],
  })
