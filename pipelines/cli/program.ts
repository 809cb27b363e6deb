import { writeFailure } from '../../src/io/bytes/output-errors.ts'
import yargs, { type Argv, type CommandModule } from 'yargs'
import { benchCommand } from './bench-command.ts'
import { devicesCommand } from './devices-command.ts'
import type { Environment } from './environment.ts'
import { describeError, exitCodeOf, exitCodes, Interruption, isClosedPipe } from './exit-codes.ts'
import { indexCommand } from './index-command.ts'
import { createLog } from './log.ts'
import { modelsCommand } from './models-command.ts'
import { predictCommand } from './predict-command.ts'
import { print } from './print.ts'
import { shardCommand } from './shard-command.ts'
import { hideStandardInput, showStandardInput } from './standard-input-word.ts'
import { usageError } from './usage-error.ts'
import { variantsCommand } from './variants-command.ts'
import { version } from '../run/version.ts'

/** Time that work in flight gets to end by itself after an interrupt. */
const graceMilliseconds = 2000

/** Runs the command line `words`; gives the exit code. Never throws. */
export async function runProgram(words: readonly string[]): Promise<number> {
  const abort = new AbortController()
  watchSignals(abort)
  let stdoutError: Error | undefined
  process.stdout.on('error', (error) => {
    if (isClosedPipe(error)) process.exit(exitCodes.success) // whoever reads our output may stop at any time
    stdoutError = error
  })
  process.stderr.on('error', () => {})
  const flag = (name: string): boolean => words.includes(name)
  const log = createLog({ json: flag('--json'), debug: flag('--debug') })
  try {
    await commandLine(words, { signal: abort.signal }).parseAsync()
    await print('') // what yargs printed (help, versions) is out, or it is known why not
    if (stdoutError) throw writeFailure('standard output', stdoutError, 'stream')
    return exitCodes.success
  } catch (error) {
    const cause = abort.signal.aborted && error instanceof Error ? abort.signal.reason : error
    if (!isClosedPipe(cause)) log.error(cause)
    return exitCodeOf(cause)
  }
}

function commandLine(words: readonly string[], environment: Environment) {
  const commands: CommandModule[] = [
    ...[predictCommand, variantsCommand, shardCommand, modelsCommand, indexCommand].map((command) =>
      command(environment),
    ),
    devicesCommand,
    benchCommand(environment),
  ]
  const parser = yargs(hideStandardInput(words))
  return parser
    .scriptName('genoconv')
    .usage('$0 <command>\n\nPer-base predictions for whole genes and genomes with long-convolution DNA models.')
    .command(commands)
    .demandCommand(1, 'no command is given')
    .completion('completion', 'Print a script for shell completion, e.g. genoconv completion >> ~/.bashrc')
    .example('$0 predict gene.fa', 'predictions for every base of a FASTA file')
    .example('$0 models list', 'the models there are')
    .example('$0 index genome.fa.gz', 'an index, for regions')
    .version(version())
    .help()
    .alias('help', 'h')
    .middleware(showStandardInput)
    .strict()
    .recommendCommands()
    .wrap(Math.min(120, process.stderr.columns ?? 100))
    .parserConfiguration({ 'camel-case-expansion': false, 'parse-positional-numbers': false })
    .exitProcess(false)
    .fail((message, error) => {
      // Complaints of the parser itself come as its own kind of error.
      if (error && error.name !== 'YError') throw error
      throw usageError(message ?? error.message, words, knownOptions(parser))
    })
}

/** Names of the options of the command that was being read; yargs has them, its types do not say so. */
const knownOptions = (parser: Argv): string[] =>
  Object.keys((parser as unknown as { getOptions(): { key: object } }).getOptions().key)

/** The first signal asks for an orderly end, which has a moment; a second ends at once. Partial files go in either case. */
function watchSignals(abort: AbortController): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (abort.signal.aborted) process.exit(exitCodes.interrupted)
      abort.abort(new Interruption(signal))
      setTimeout(() => {
        process.stderr.write(`genoconv: ${describeError(abort.signal.reason)}\n`)
        process.exit(exitCodes.interrupted)
      }, graceMilliseconds).unref()
    })
  }
}
