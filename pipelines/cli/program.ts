import yargs, { type Argv, type CommandModule } from 'yargs'
import { writeFailure } from '../../src/io/bytes/output-errors.ts'
import { version } from '../run/version.ts'
import { benchCommand } from './bench-command.ts'
import { devicesCommand } from './devices-command.ts'
import { embedCommand } from './embed-command.ts'
import type { Environment } from './environment.ts'
import { exitCodeOf, exitCodes, isClosedPipe } from './exit-codes.ts'
import { indexCommand } from './index-command.ts'
import { infoCommand } from './info-command.ts'
import { createLog } from './log.ts'
import { modelsCommand } from './models-command.ts'
import { predictCommand } from './predict-command.ts'
import { print } from './print.ts'
import { shardCommand } from './shard-command.ts'
import { watchSignals } from './signals.ts'
import { hideStandardInput, showStandardInput } from './standard-input-word.ts'
import { trainCommand } from './train-command.ts'
import { type Known, usageError } from './usage-error.ts'
import { variantsCommand } from './variants-command.ts'
import { viewCommand } from './view-command.ts'

/** In the order in which `--help` lists them. Each loads what it computes with when it is run, so that help comes at once. */
const commands = [
  predictCommand,
  variantsCommand,
  embedCommand,
  viewCommand,
  trainCommand,
  shardCommand,
  modelsCommand,
  indexCommand,
  infoCommand,
  devicesCommand,
  benchCommand,
]

/** Runs the command line `words`; gives the exit code. Never throws. */
export async function runProgram(words: readonly string[]): Promise<number> {
  const flag = (name: string): boolean => words.includes(name)
  const log = createLog({ quiet: flag('--quiet'), json: flag('--json'), debug: flag('--debug') })
  const signal = watchSignals(log)
  let outputFault: Error | undefined
  process.stdout.on('error', (error) => {
    if (isClosedPipe(error)) process.exit(exitCodes.success) // whoever reads our output may stop at any time
    outputFault = error
  })
  process.stderr.on('error', () => {})
  try {
    await commandLine(words, { signal, log }).parseAsync()
    await print('') // what yargs printed (help, versions) is out, or it is known why not
    if (outputFault) throw writeFailure('standard output', outputFault, 'stream')
    return exitCodes.success
  } catch (error) {
    const cause = signal.aborted && error instanceof Error ? signal.reason : error
    if (!isClosedPipe(cause)) log.error(cause)
    return exitCodeOf(cause)
  }
}

function commandLine(words: readonly string[], environment: Environment): Argv {
  const parser = withoutHelpInStock(yargs(hideStandardInput(words)))
  return parser
    .scriptName('genoconv')
    .locale('en') // all that is not yargs's own is English too
    .usage('$0 <command>\n\nPer-base predictions for whole genes and genomes with long-convolution DNA models.')
    .command(commands.map((command): CommandModule => command(environment)))
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
    .wrap(Math.min(120, process.stderr.columns ?? 100))
    .parserConfiguration({ 'camel-case-expansion': false, 'parse-positional-numbers': false })
    .exitProcess(false)
    .fail((message, error) => {
      // Complaints of the parser itself come as its own kind of error.
      if (error && error.name !== 'YError') throw error
      throw usageError(message ?? error.message, words, knownTo(parser))
    })
}

/**
 * yargs writes a command's help each time before it runs the command, for a failure that would show it. None of ours does,
 * and it takes a tenth of the time to start.
 */
function withoutHelpInStock(parser: Argv): Argv {
  const { getInternalMethods } = parser as unknown as {
    getInternalMethods(): { getUsageInstance(): { cacheHelpMessage(): void } }
  }
  getInternalMethods.call(parser).getUsageInstance().cacheHelpMessage = () => {}
  return parser
}

/** What yargs knows of the command that was being read; it has it, its types do not say so. */
function knownTo(parser: Argv): Known {
  const { getOptions, getInternalMethods } = parser as unknown as {
    getOptions(): { key: object }
    getInternalMethods(): { getCommandInstance(): { getCommands(): string[] } }
  }
  const commands = getInternalMethods.call(parser).getCommandInstance().getCommands()
  return {
    options: Object.keys(getOptions.call(parser).key),
    commands: commands.filter((name) => name !== 'completion' && name !== '$0'),
  }
}
