// Packs the package, installs it into an empty folder as a user would, and runs its command there on a shipped sample.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

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

/** Draws what was predicted: each kind of file needs other parts of the package (fonts, WASM, the page's script). */
function checkPictures() {
  for (const [option, name, start] of [
    ['--svg', 'figure.svg', '<svg'],
    ['--png', 'figure.png', '\x89PNG'],
    ['--static', 'share.html', '<!doctype html>'],
  ]) {
    run('npx', ['genoconv', 'view', 'out.arrow', option, name, '--region', '1,001-2,000', '--quiet'])
    if (!readFileSync(join(folder, name), 'latin1').startsWith(start)) throw new Error(`${name} is no such file`)
  }
}

/** Bundles a page that uses the package, as its owner would: one file of ours, nothing of Node's. */
async function checkBundle() {
  writeFileSync(join(folder, 'page.js'), "export { createBackend, loadModel, openGenome, predict } from 'genoconv'\n")
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: ['page.js'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    logLevel: 'warning',
  })
  const inputs = Object.keys(metafile.inputs).sort().join()
  if (inputs !== 'node_modules/genoconv/dist/browser/genoconv.js,page.js') throw new Error(`a page bundles ${inputs}`)
  for (const name of ['LICENSE.txt', 'models/splice/config.json', 'models/splice/model.safetensors'])
    if (!existsSync(join(folder, 'node_modules/genoconv/dist/browser', name))) throw new Error(`${name} is missing`)
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
  checkPictures()
  checkTypes()
  await checkBundle()
  const names = run('node', ['-e', "import('genoconv').then((m) => console.log(Object.keys(m).join(' ')))"]).trim()
  console.log(`genoconv ${version} installs and runs; exports: ${names}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
