// Licences of the packages whose code stands in a bundle.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url))

/**
 * Names and licence texts of the packages that esbuild's `metafile` names as inputs, in alphabetical order.
 *
 * @param {import('esbuild').Metafile} metafile
 */
export function licences({ inputs }) {
  const packages = new Set(
    Object.keys(inputs).flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
  )
  return [...packages].sort().map((name) => {
    const texts = readdirSync(join(modules, name)).filter((file) => /^(licen[cs]e|notice)/i.test(file))
    const { license } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8'))
    return [`${name}: ${license}`, ...texts.map((file) => readFileSync(join(modules, name, file), 'utf8'))].join('\n\n')
  })
}
