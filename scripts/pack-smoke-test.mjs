// Packs the package, installs it into an empty folder as a user would, and runs its command there on a shipped sample.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'genoconv-pack-'))
const run = (command, args, cwd = folder) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
/** Compiles a project that uses the package, every declaration file of it checked, without types of the DOM or of WebGPU. */
function checkTypes() {
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
  }
  writeFileSync(
    join(folder, 'use.ts'),
    `import { createBackend, loadModel, longConv, openGenome, predict, writeArrow } from 'genoconv'
const backend = await createBackend('auto')
const model = await loadModel('splice', { backend })
const genome = await openGenome('genome.fa.gz')
await writeArrow(predict(model, genome, { regions: [{ contig: '20', start: 0, end: 10 }] }), 'out.arrow')
export const filtered: Float32Array = await longConv(backend, { input: new Float32Array(4), filter: new Float32Array(2), channelCount: 1 })
`,
  )
  for (const [module, moduleResolution] of [
    ['NodeNext', 'NodeNext'],
    ['ESNext', 'bundler'],
  ]) {
    const options = {
      target: 'ES2023',
      lib: ['ES2023'],
      module,
      moduleResolution,
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.ts'] }))
    run('node', [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'])
  }
}

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
  checkTypes()
  const names = run('node', ['-e', "import('genoconv').then((m) => console.log(Object.keys(m).join(' ')))"]).trim()
  console.log(`genoconv ${version} installs and runs; exports: ${names}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
