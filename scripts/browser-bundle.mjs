// Bundling for browsers with esbuild. Where `x.browser.ts` stands beside `x.ts` it takes its place; of the kernels' builds the
// one that needs a flag of V8 is left out. Nothing of Node is left: an import of a `node:` module fails the build.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

const substitutes = {
  name: 'substitutes',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, async ({ path, pluginData, ...place }) => {
      if (pluginData === 'resolved') return undefined
      const found = await resolve(path, { ...place, pluginData: 'resolved' })
      const substitute = found.path.replace(/\.ts$/, '.browser.ts')
      // A substitute may name what it replaces, for its types.
      return existsSync(substitute) && place.importer !== substitute ? { path: substitute } : found
    })
    onLoad({ filter: /[\\/]generated[\\/][\w-]+\.wasm\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/^ {2}wide: '[^']*',$/m, "  wide: '',"),
      loader: 'ts',
    }))
  },
}

/**
 * What `entry` (from the package's root) bundles to, as files in memory: esbuild's result, with a metafile.
 *
 * @param {string} entry
 * @param {import('esbuild').BuildOptions} [options] more options of esbuild
 */
export function bundle(entry, options = {}) {
  return build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: ['chrome114', 'firefox121', 'safari17'],
    legalComments: 'none',
    logLevel: 'warning',
    outdir: 'out',
    plugins: [substitutes],
    ...options,
    define: { GENOCONV_VERSION: JSON.stringify(version), ...options.define },
  })
}

/** The library for browsers, its worker's text inside. */
export async function bundleLibrary() {
  const worker = await bundle('src/kernels/cpu/worker.browser.ts', { format: 'iife' })
  return bundle('src/portable.ts', { define: { GENOCONV_WORKER: JSON.stringify(worker.outputFiles[0].text.trim()) } })
}

/** The picture of `view` for other pages. */
export const bundleView = () => bundle('apps/view/embed.ts')
