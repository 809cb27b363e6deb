// Makes dist/demo, the page of apps/browser as a folder for any static host: npm run demo:build [-- FOLDER]. It needs the library
// for browsers (npm run build), which it takes from dist/browser as a user's bundler would.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './browser-bundle.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The demo in `folder`, which is made anew. */
export async function buildDemo(folder) {
  const library = join(root, 'dist/browser')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const entry of ['main', 'worker']) {
    const { outputFiles } = await bundle(`apps/browser/${entry}.ts`, {
      alias: { genoconv: join(library, 'genoconv.js') },
    })
    writeFileSync(join(folder, `${entry}.js`), outputFiles[0].contents)
  }
  for (const name of ['index.html', 'style.css']) cpSync(join(root, 'apps/browser', name), join(folder, name))
  cpSync(join(library, 'LICENSE.txt'), join(folder, 'LICENSE.txt'))
  cpSync(join(library, 'models'), join(folder, 'models'), { recursive: true })
  cpSync(join(root, 'data-samples/BIRC7.fa'), join(folder, 'samples/BIRC7.fa'))
}

if (basename(process.argv[1]) === 'build-demo.mjs') {
  const folder = resolve(process.argv[2] ?? join(root, 'dist/demo'))
  await buildDemo(folder)
  console.error(`${folder}: index.html and all it needs; put the folder on any static host`)
}
