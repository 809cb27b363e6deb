import type { Argv, CommandModule } from 'yargs'
import type { Environment } from './environment.ts'
import { logOptions } from './options.ts'
import { Words } from './words.ts'

/** `genoconv index`. */
export const indexCommand = ({ log, signal }: Environment): CommandModule => ({
  command: 'index <fasta..>',
  describe: 'Write .fai (and .gzi) beside FASTA files',
  builder: (yargs: Argv) =>
    yargs
      .positional('fasta', { type: 'string', array: true, describe: 'FASTA files, plain or BGZF', demandOption: true })
      .options(logOptions)
      .example('$0 index genome.fa', 'writes genome.fa.fai')
      .example('$0 index genome.fa.gz', 'writes genome.fa.gz.fai and genome.fa.gz.gzi'),
  handler: async (argv) => {
    const { indexGenome } = await import('../index-genome.ts')
    for (const fasta of new Words(argv).all('fasta')) {
      const written = await indexGenome(fasta, { signal, onWarning: log.warn })
      log.info(`wrote ${written.join(' and ')}`)
    }
  },
})
