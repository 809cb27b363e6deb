import { runProgram } from '../../pipelines/cli/program.ts'
import type { Outcome } from './run-program.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Each run listens for the end of standard output. */
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0)

/**
 * Runs the command line in this process, one run at a time: for cases in number, of which a process each would be mostly start.
 * What only a process has (standard input, signals, its end) is for `runProgram` of run-program.ts.
 */
export async function runProgramHere(
  words: readonly string[],
  { cwd }: { readonly cwd?: string } = {},
): Promise<Outcome> {
  const before = process.cwd()
  const listeners = signals.map((signal) => process.listeners(signal))
  const offline = process.env['HF_HUB_OFFLINE']
  const stdout = capture(process.stdout)
  const stderr = capture(process.stderr)
  try {
    if (cwd !== undefined) process.chdir(cwd)
    process.env['HF_HUB_OFFLINE'] = '1'
    const code = await runProgram(words)
    const text = stderr.bytes().toString()
    return {
      code,
      signal: null,
      stdout: stdout.bytes(),
      stderr: text,
      lines: text.split('\n').filter((line) => line !== ''),
    }
  } finally {
    stdout.restore()
    stderr.restore()
    process.chdir(before)
    if (offline === undefined) delete process.env['HF_HUB_OFFLINE']
    else process.env['HF_HUB_OFFLINE'] = offline
    for (const [i, signal] of signals.entries())
      for (const listener of process.listeners(signal))
        if (!listeners[i]!.includes(listener)) process.removeListener(signal, listener)
  }
}

/** What is written to `stream` until it is restored. */
function capture(stream: NodeJS.WriteStream): { bytes(): Buffer; restore(): void } {
  const parts: Buffer[] = []
  const { write } = stream
  stream.write = ((data: string | Uint8Array, ...rest: unknown[]): boolean => {
    parts.push(Buffer.from(data as Uint8Array))
    const done = rest.findLast((value) => typeof value === 'function') as (() => void) | undefined
    if (done) queueMicrotask(done)
    return true
  }) as typeof stream.write
  return {
    bytes: () => Buffer.concat(parts),
    restore: () => {
      stream.write = write
    },
  }
}
