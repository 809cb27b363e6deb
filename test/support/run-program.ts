import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
// What is built is what users run; with GENOCONV_SKIP_BUILD=1 nothing was built, so the sources run.
const program =
  process.env['GENOCONV_SKIP_BUILD'] === '1'
    ? ['--import', join(root, 'scripts/typescript.mjs'), join(root, 'pipelines/cli/main.ts')]
    : [join(root, 'dist/pipelines/cli/main.js')]

export const goldenModel = (name: string): string => join(root, 'test/model/weights/golden', name)
export const sample = (name: string): string => join(root, 'data-samples', name)

const killer = join(root, 'test/support/kill-at-step.mjs')

/** Environment in which the program gets `signal` after so many large writes (record batches), once it has its record. */
export const killAfterWrites = (writes: number, signal: NodeJS.Signals): Record<string, string> => ({
  NODE_OPTIONS: `--import ${killer}`,
  GENOCONV_KILL_WRITES: String(writes),
  GENOCONV_KILL_SIGNAL: signal,
})

/** Environment in which the program is killed before its step `step`; 0: only counts steps, into the file `count`. */
export const killBeforeStep = (step: number, count?: string): Record<string, string> => ({
  NODE_OPTIONS: `--import ${killer}`,
  ...(step > 0 ? { GENOCONV_KILL_STEP: String(step) } : {}),
  ...(count ? { GENOCONV_KILL_COUNT: count } : {}),
})

/** What to start node with so that it runs the program with `words`. */
export const commandWords = (words: readonly string[]): string[] => [...program, ...words]

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
  /** Lines of standard error, without those that Dawn writes by itself. */
  readonly lines: readonly string[]
}

export interface RunSettings {
  readonly cwd?: string
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  readonly onStart?: (child: ChildProcess) => void
}

/** Runs the program as a user does. */
export function runProgram(words: readonly string[], settings: RunSettings = {}): Promise<Outcome> {
  const env = { ...process.env, NODE_OPTIONS: '', HF_HUB_OFFLINE: '1', ...settings.env }
  const child = spawn(process.execPath, commandWords(words), {
    cwd: settings.cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', (data) => stdout.push(data))
  child.stderr.on('data', (data) => {
    stderr += data
  })
  child.stdin.on('error', () => {}) // it may end before it has read everything
  child.stdin.end(settings.input)
  settings.onStart?.(child)
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const lines = stderr.split('\n').filter((line) => line !== '' && !/^Warning: |^ {4}at CheckVk/.test(line))
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr, lines })
    })
  })
}

/** A folder of its own for each test, removed when the file is done. */
export function folders(): (files?: Readonly<Record<string, string | Uint8Array>>) => {
  path: string
  names: () => string[]
} {
  const made: string[] = []
  afterAll(() => {
    for (const path of made) rmSync(path, { recursive: true, force: true })
  })
  return (files = {}) => {
    const path = mkdtempSync(join(tmpdir(), 'genoconv-run-'))
    made.push(path)
    for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
    return { path, names: () => readdirSync(path).sort() }
  }
}
