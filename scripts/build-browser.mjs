// Makes dist/browser, the library for browsers: genoconv.js, and the shipped models beside it. Prints what it weighs.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { bundleLibrary } from './browser-bundle.mjs'
import { licences } from './licences.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'dist/browser')
const { outputFiles, metafile } = await bundleLibrary()
const code = outputFiles[0].contents
mkdirSync(folder, { recursive: true })
writeFileSync(join(folder, 'genoconv.js'), code)
for (const name of ['config.json', 'model.safetensors'])
  cpSync(join(root, 'models/splice', name), join(folder, 'models/splice', name))
writeFileSync(
  join(folder, 'LICENSE.txt'),
  [`genoconv.js holds genoconv (its LICENSE) and parts of these packages.`, ...licences(metafile)].join('\n\n'),
)
console.error(`dist/browser/genoconv.js: ${code.length} bytes, ${gzipSync(code).length} gzipped`)
