import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/*
 *     npm run bench                     what the project is judged by: OpenSpliceAI-10000, HyenaDNA, reading and writing
 *     npm run bench -- NAME [options]   one of bench/
 *
 * Each runs in a process of its own, so that its peak memory is its own.
 */
const folder = fileURLToPath(new URL('./', import.meta.url))
const helpers = ['run', 'support', 'time-model']
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .filter((name) => !helpers.includes(name))
const [name, ...words] = process.argv.slice(2)

if (name !== undefined && !names.includes(name)) {
  console.error(`bench: no benchmark ${name}; there are ${names.join(', ')}`)
  process.exitCode = 2
} else {
  for (const each of name === undefined ? ['splice', 'hyena', 'io'] : [name]) {
    const { status } = spawnSync(
      process.execPath,
      ['--import', './scripts/typescript.mjs', `bench/${each}.ts`, ...words],
      {
        cwd: fileURLToPath(new URL('../', import.meta.url)),
        stdio: 'inherit',
      },
    )
    if (status !== 0) process.exitCode = status ?? 1
  }
}
