import type { Argv, CommandModule } from 'yargs'
import type { Environment } from './environment.ts'
import { predictOptions } from './options.ts'

/** `genoconv predict`. */
export const predictCommand = (environment: Environment): CommandModule => ({
  command: 'predict <fasta..>',
  describe: 'Per-base predictions, for every record or for regions',
  builder: (yargs: Argv) =>
    yargs
      .positional('fasta', {
        type: 'string',
        array: true,
        describe: 'FASTA files: plain, gzip or BGZF; - is standard input; http(s) URLs',
        demandOption: true,
      })
      .options(predictOptions)
      .example('$0 predict gene.fa', 'every record, to gene.<model>.arrow')
      .example('$0 predict genome.fa.gz --regions genes.bed -o out.arrow', 'genes, each on its own strand')
      .example(
        '$0 predict chr20.fa.gz --region 20:13,976,161-16,033,842 --tracks donor -o donor.bedgraph',
        'one region, one track, as bedGraph',
      )
      .example(
        '$0 predict genome.fa.gz --resume',
        'continues where it was interrupted; the result is the same to the byte',
      )
      .example('$0 predict - < gene.fa > out.arrows', 'from standard input to an Arrow stream')
      .example('$0 predict gene.fa -m model_1.pt -m model_2.pt --dry-run', 'the plan for an ensemble of two'),
  handler: async (argv) => (await import('./predict-handler.ts')).predict(argv, environment),
})
