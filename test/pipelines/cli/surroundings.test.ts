import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { gpuSkipReason } from '../../support/backends.ts'
import { commandWords, folders, goldenModel, runProgram, sample } from '../../support/run-program.ts'

// What stands around a run: modules it loads, folders of the user, terminals, signals.

const folder = folders()
const common = ['--device', 'cpu', '--threads', '1', '--model', goldenModel('openspliceai-nano.safetensors')]
const gene = `>gene\n${'ACGTTGCAGGTAAGT'.repeat(20)}\n`

/** What a loaded file holds: in the bundle a comment names each source before its text. */
const sourcesOf = (url: string): string[] => [
  url,
  ...(url.startsWith('file:')
    ? Array.from(
        readFileSync(fileURLToPath(url), 'utf8').matchAll(/^\/\/ ((?:dist|node_modules)\/.*)$/gm),
        ([, name]) => name!,
      )
    : []),
]

describe('help loads the parser and nothing that computes', () => {
  it.each([['--help'], ['predict --help'], ['models info --help'], ['--version'], ['look x']])('%s', async (line) => {
    const { path } = folder({
      // Says which modules were loaded, when the program ends.
      'loaded.mjs': `import { registerHooks, register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent(\`
import { writeSync } from 'node:fs'
export async function load(url, context, next) {
  writeSync(2, 'LOADED ' + url + '\\\\n')
  return next(url, context)
}\`))`.replace('registerHooks, ', ''),
    })
    const env = { NODE_OPTIONS: `--import ${join(path, 'loaded.mjs')}` }
    const { stderr } = await runProgram(line.split(' '), { cwd: path, env })
    const loaded = stderr.split('\n').flatMap((text) => sourcesOf(/^LOADED (.*)/.exec(text)?.[1] ?? ''))
    expect(loaded.some((source) => source.includes('/yargs/'))).toBe(true)
    const heavy =
      /node_modules\/(webgpu|apache-arrow|cli-progress|@huggingface|@gmod)\/|src\/(kernels|model)\/|pipelines\/(predict|shard|models|device)\//
    expect(loaded.filter((source) => heavy.test(source))).toEqual([])
  })
})

describe('a command that is not there is named, with those that are', () => {
  it.each([
    [['look', 'x'], /^genoconv: command line: there is no command look: expected one of predict, .*bench$/],
    [['predct', 'a.fa'], /there is no command predct.*did you mean predict\?$/],
    [
      ['models', 'inf'],
      /^genoconv: models: there is no command inf: expected one of list, info, pull; did you mean info\?$/,
    ],
    [['shard', 'rn'], /did you mean run\?$/],
    [['models'], /no subcommand is given: expected one of list, info, pull/],
  ] as const)('%j', async (words, pattern) => {
    const { code, lines } = await runProgram(words)
    expect({ code, lines }).toEqual({ code: 2, lines: [expect.stringMatching(pattern)] })
  })
})

describe('every subcommand has an example', () => {
  it.each(['models list', 'models info', 'models pull', 'shard plan', 'shard run', 'shard merge'])(
    '%s',
    async (line) => {
      const { stdout } = await runProgram([...line.split(' '), '--help'])
      expect(stdout.toString()).toContain(`  genoconv ${line}`)
    },
  )
})

describe('an odd HOME', () => {
  it.each([
    ['/nonexistent/nope', 0],
    ['/dev/null', 1],
    ['', 0],
  ])('%j: the defaults are used', async (HOME, warnings) => {
    const { path, names } = folder({ 'a.fa': gene })
    const env = { HOME, XDG_CACHE_HOME: '', GENOCONV_PLAN_CONSTANTS: '', TMPDIR: '/nonexistent' }
    const { code, lines } = await runProgram(['predict', 'a.fa', '-o', 'out.tsv', ...common], { cwd: path, env })
    expect({ code, lines }).toEqual({ code: 0, lines })
    expect(names()).toEqual(['a.fa', 'out.tsv'])
    expect(lines.filter((text) => text.includes('warning:'))).toHaveLength(warnings)
  })
})

/** The shell's exit code of a run that is sent `signal` once `ready` says so. Its standard input stays open. */
async function interrupted(
  words: readonly string[],
  signal: NodeJS.Signals,
  settings: { cwd: string; ready: (pid: number, stderr: string) => boolean; env?: Record<string, string> },
): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, commandWords(words), {
    cwd: settings.cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...settings.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  let isSent = false
  const timer = setInterval(() => {
    if (isSent || !settings.ready(child.pid!, stderr)) return
    isSent = true
    child.kill(signal)
  }, 50)
  const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...how) => resolve(how))
  })
  clearInterval(timer)
  return { code: code ?? (by === 'SIGINT' ? 130 : 1), stderr }
}

/** Processor time of a process so far, in seconds. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Whether the process holds the FIFO open, waiting for its writer. */
function waitsFor(pid: number, path: string): boolean {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return links.includes(path)
}

describe('signals end a run whatever it waits for', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`${signal}: a FIFO that nobody writes`, async () => {
      const { path, names } = folder()
      execFileSync('mkfifo', [join(path, 'in.fa')])
      const outcome = await interrupted(['predict', 'in.fa', '-o', 'out.tsv', ...common], signal, {
        cwd: path,
        ready: (pid) => waitsFor(pid, realpathSync(join(path, 'in.fa'))),
      })
      expect(outcome).toEqual({ ...outcome, code: 130 })
      expect(outcome.stderr).toMatch(/interrupted/)
      expect(names()).toEqual(['in.fa'])
    })
  }
  it('standard input that stays open', async () => {
    const { path, names } = folder()
    const outcome = await interrupted(['predict', '-', '-o', 'out.tsv', ...common], 'SIGTERM', {
      cwd: path,
      ready: (_, stderr) => stderr.includes(' on cpu '),
    })
    expect(outcome).toEqual({ ...outcome, code: 130 })
    expect(names()).toEqual([])
  })
  // Nothing that is computed ends of itself between the signal and the program's end: the same run, begun at the same time
  // and left alone, is still far from its end.
  for (const [device, skipReason] of [
    ['cpu', undefined],
    ['gpu', gpuSkipReason],
  ] as const) {
    it.skipIf(skipReason !== undefined)(
      `a computation on the ${device}${skipReason === undefined ? '' : ` (skipped: ${skipReason})`}`,
      async () => {
        const { path, names } = folder()
        const words = ['predict', sample('MACROD2.fa.gz'), '--device', device, '--threads', '1', '--chunk', '200k']
        let leftAlone: ChildProcess | undefined
        const outcome = await interrupted([...words, '-o', 'out.tsv'], 'SIGTERM', {
          cwd: path,
          ready: (pid) => {
            leftAlone ??= spawn(process.execPath, commandWords([...words, '-o', 'other.tsv']), {
              cwd: path,
              stdio: 'ignore',
            })
            return processorSeconds(pid) > 4
          },
        })
        const isStillRunning = leftAlone?.exitCode === null && leftAlone.signalCode === null
        leftAlone?.kill('SIGKILL')
        expect(outcome).toEqual({ ...outcome, code: 130 })
        expect(outcome.stderr).toContain('interrupted')
        expect(isStillRunning).toBe(true)
        expect(names().filter((name) => name.startsWith('out'))).toEqual([])
      },
      120_000,
    )
  }
  it('a server that does not answer', async () => {
    let isAsked = false
    const server = createServer(() => {
      isAsked = true
    }).listen(0)
    const { port } = server.address() as AddressInfo
    const { path } = folder()
    const env = { HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HOME: path, HF_HUB_OFFLINE: '0' }
    const pull = await interrupted(['models', 'pull', 'a/b'], 'SIGTERM', { cwd: path, env, ready: () => isAsked })
    expect(pull).toEqual({ ...pull, code: 130 })
    isAsked = false
    const url = `http://127.0.0.1:${port}/a.fa`
    const read = await interrupted(['predict', url, '-o', 'out.tsv', ...common], 'SIGTERM', {
      cwd: path,
      ready: () => isAsked,
    })
    expect(read).toEqual({ ...read, code: 130 })
    server.closeAllConnections()
    server.close()
  })
})

const hasScript = existsSync('/usr/bin/script')
describe.skipIf(!hasScript)(`under a terminal${hasScript ? '' : ' (skipped: no script command)'}`, () => {
  it('Ctrl-C while the sequence is to be typed', async () => {
    const { path, names } = folder()
    const words = commandWords(['predict', '-', '-o', 'out.tsv', ...common])
    const quoted = [process.execPath, ...words].map((word) => `'${word}'`).join(' ')
    const child = spawn('script', ['-qec', quoted, '/dev/null'], {
      cwd: path,
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    let text = ''
    child.stdout.on('data', (data) => {
      if (!text.includes(' on cpu ') && `${text}${data}`.includes(' on cpu ')) child.stdin.write('\u0003')
      text += data
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect({ code, text }).toEqual({ code: 130, text })
    expect(names()).toEqual([])
  })
  it.each([1, 3])('Ctrl-C (%i times) under a progress bar: the bar goes, lines wrap again', async (times) => {
    const { path } = folder()
    const words = commandWords(['predict', sample('MACROD2.fa.gz'), '--chunk', '2k', '-o', 'out.arrow', ...common])
    const quoted = [process.execPath, ...words].map((word) => `'${word}'`).join(' ')
    const child = spawn('script', ['-qec', quoted, '/dev/null'], {
      cwd: path,
      env: { ...process.env, NODE_OPTIONS: '' },
    })
    let text = ''
    let isSent = false
    child.stdout.on('data', (data) => {
      text += data
      if (!isSent && text.includes('bases/s')) child.stdin.write('\u0003'.repeat(times))
      isSent ||= text.includes('bases/s')
    })
    await new Promise((resolve) => child.on('close', resolve))
    const [off, on] = ['\u001b[?7l', '\u001b[?7h']
    expect(text).toContain(off)
    expect(text.lastIndexOf(on)).toBeGreaterThan(text.lastIndexOf(off))
    if (times > 1) return // ended at once: there may have been no time for a message
    const last = text.trimEnd().split('\n').at(-1)!
    const erased = last.slice(Math.max(last.lastIndexOf('\u001b[0K'), last.lastIndexOf('\u001b[2K'), 0))
    expect(erased.replaceAll(/\u001b\[[?0-9;]*[A-Za-z]|\r/g, '')).toMatch(/^genoconv: interrupted/)
  })
})
