// Joins what tsc compiled, and most of the packages it uses, into few files: loading 550 modules one by one took the program as
// long as everything else that it does at its start. The program (pipelines/cli/main.js) and the library (src/index.js) stay where
// tsc put them; what they share stands in dist/program, in pieces that each command loads as it needs them.
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { licences } from './licences.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
/** Each at the path it has afterwards. Workers and probes are started as files beside the code that starts them. */
const entryPoints = {
  'pipelines/cli/main': 'dist/pipelines/cli/main.js',
  'src/index': 'dist/src/index.js',
  'program/worker': 'dist/src/kernels/cpu/worker.js',
  'program/probe-adapter': 'dist/pipelines/device/probe-adapter.js',
}

rmSync(join(dist, 'program'), { recursive: true, force: true })
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints,
  outdir: 'dist',
  chunkNames: 'program/[name]-[hash]',
  allowOverwrite: true,
  bundle: true,
  splitting: true,
  metafile: true,
  format: 'esm',
  platform: 'node',
  mainFields: ['module', 'main'],
  target: 'node20',
  minifySyntax: true,
  // Not made smaller: --debug shows lines, and test/pipelines/cli/surroundings.test.ts reads the comments that name the sources.
  legalComments: 'none',
  logLevel: 'warning',
  // Native code, files beside the code, or large and seldom needed.
  external: ['webgpu', '@huggingface/hub', '@resvg/resvg-wasm', 'cli-progress'],
})

for (const starter of ['dist/src/kernels/cpu/thread.js', 'dist/pipelines/device/choose-device.js']) {
  const [file] = Object.entries(metafile.outputs).find(([, { inputs }]) => starter in inputs) ?? []
  if (!file?.startsWith('dist/program/')) throw new Error(`${starter} is in ${file}, not beside what it starts`)
}
for (const folder of ['src', 'pipelines', 'apps'])
  for (const name of readdirSync(join(dist, folder), { recursive: true }))
    if (name.endsWith('.js') && !(`${folder}/${name.slice(0, -3)}` in entryPoints)) rmSync(join(dist, folder, name))
writeFileSync(
  join(dist, 'program/LICENSE.txt'),
  ['The files in this folder hold genoconv (its LICENSE) and parts of these packages.', ...licences(metafile)].join(
    '\n\n',
  ),
)
chmodSync(join(dist, 'pipelines/cli/main.js'), 0o755) // for those who run it from a clone
