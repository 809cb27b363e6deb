// Packs the package, installs it into an empty folder as a user would, and runs its command there on a shipped sample.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'genoconv-pack-'))
const run = (command, args, cwd = folder) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
try {
  run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root)
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}\n')
  run('npm', ['install', '--no-audit', '--no-fund', '--silent', join(folder, archive)])
  const version = run('npx', ['genoconv', '--version']).trim()
  run('npx', [
    'genoconv',
    'predict',
    'node_modules/genoconv/data-samples/BIRC7.fa',
    '-o',
    'out.arrow',
    '--device',
    'cpu',
  ])
  if (!existsSync(join(folder, 'out.arrow'))) throw new Error('predict wrote no output')
  const names = run('node', ['-e', "import('genoconv').then((m) => console.log(Object.keys(m).join(' ')))"]).trim()
  console.log(`genoconv ${version} installs and runs; exports: ${names}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
