// Makes dist/browser, the library for browsers: genoconv.js, the shipped models beside it, and view.js, the picture of `view` for
// other pages. Prints what they weigh.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bundleLibrary, bundleView } from './browser-bundle.mjs'
import { licences } from './licences.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'dist/browser')
const { outputFiles, metafile } = await bundleLibrary()
mkdirSync(folder, { recursive: true })
for (const [name, code] of [
  ['genoconv.js', outputFiles[0].contents],
  ['view.js', (await bundleView()).outputFiles[0].contents],
]) {
  writeFileSync(join(folder, name), code)
  console.error(`dist/browser/${name}: ${code.length} bytes, ${gzipSync(code).length} gzipped`)
}
for (const name of ['config.json', 'model.safetensors'])
  cpSync(join(root, 'models/splice', name), join(folder, 'models/splice', name))
writeFileSync(
  join(folder, 'LICENSE.txt'),
  [`genoconv.js holds genoconv (its LICENSE) and parts of these packages.`, ...licences(metafile)].join('\n\n'),
)
