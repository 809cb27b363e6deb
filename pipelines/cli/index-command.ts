import type { Argv, CommandModule } from 'yargs'
import type { Environment } from './environment.ts'
import { indexFasta } from '../run/index-fasta.ts'
import { createLog } from './log.ts'
import { logOptions } from './predict-arguments.ts'

export const indexCommand = ({ signal }: Environment): CommandModule => ({
  command: 'index <fasta..>',
  describe: 'Write .fai (and .gzi) beside FASTA files',
  builder: (yargs: Argv) =>
    yargs
      .positional('fasta', { type: 'string', array: true, describe: 'FASTA files, plain or BGZF', demandOption: true })
      .options(logOptions)
      .example('$0 index genome.fa', 'writes genome.fa.fai')
      .example('$0 index genome.fa.gz', 'writes genome.fa.gz.fai and genome.fa.gz.gzi'),
  handler: async (argv) => {
    const log = createLog({ quiet: argv['quiet'] === true, json: argv['json'] === true })
    for (const fasta of argv['fasta'] as string[]) {
      const written = await indexFasta(fasta, { signal, onWarning: (text: string) => log.warn(text) })
      log.info(`wrote ${written.join(' and ')}`)
    }
  },
})
