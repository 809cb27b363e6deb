import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Builds once before all tests: the command-line tests run `dist/`, the others the sources. GENOCONV_SKIP_BUILD=built: `dist/` is up to date. */
export default function setup(): void {
  if (process.env['GENOCONV_SKIP_BUILD']) return
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}
