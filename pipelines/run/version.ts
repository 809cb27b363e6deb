import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FormatError } from '../../src/errors.ts'

/** The package's version, from the package.json above this file (sources and `dist/` alike). */
export function version(): string {
  const start = dirname(fileURLToPath(import.meta.url))
  let folder = start
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder)
    if (above === folder)
      throw new FormatError({
        where: start,
        what: 'no package.json in this folder or above it',
        remedy: 'install genoconv as a whole package',
      })
    folder = above
  }
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}
