// `tsc` writes files without the executable bit; the command line needs it when run from a clone. There `npx genoconv` also
// finds the program at once in node_modules/.bin, where npm puts the programs of dependencies but not the project's own.
import { chmodSync, existsSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const cli = new URL('../dist/pipelines/cli.js', import.meta.url)
const bin = new URL('../node_modules/.bin/', import.meta.url)
if (existsSync(cli)) chmodSync(cli, 0o755)
if (existsSync(bin) && process.platform !== 'win32') {
  try {
    symlinkSync('../../dist/pipelines/cli.js', fileURLToPath(new URL('genoconv', bin)))
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
}
