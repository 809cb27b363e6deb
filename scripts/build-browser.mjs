// Makes dist/browser, the library for browsers: genoconv.js, and the shipped models beside it. Prints what it weighs.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bundleLibrary } from './browser-bundle.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'dist/browser')
const { outputFiles, metafile } = await bundleLibrary()
const code = outputFiles[0].contents
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'genoconv.js'), code)
for (const name of ['config.json', 'model.safetensors'])
  cpSync(join(root, 'models/splice', name), join(folder, 'models/splice', name))
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
)
const licenceOf = (name) => {
  const place = join(root, 'node_modules', name)
  const texts = readdirSync(place).filter((file) => /^(licen[cs]e|notice)/i.test(file))
  const { license } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8'))
  return [`${name}: ${license}`, ...texts.map((file) => readFileSync(join(place, file), 'utf8'))].join('\n\n')
}
writeFileSync(
  join(folder, 'LICENSE.txt'),
  [
    `genoconv.js holds genoconv (its LICENSE) and parts of these packages.`,
    ...[...packages].sort().map(licenceOf),
  ].join('\n\n'),
)
console.error(`dist/browser/genoconv.js: ${code.length} bytes, ${gzipSync(code).length} gzipped`)
