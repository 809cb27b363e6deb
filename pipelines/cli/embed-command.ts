import type { Argv, CommandModule } from 'yargs'
import type { Environment } from './environment.ts'
import { embedOptions } from './options.ts'

/** `genoconv embed`. */
export const embedCommand = (environment: Environment): CommandModule => ({
  command: 'embed <fasta..>',
  describe: "What a model's layers hold of records or regions: pooled, or for each base",
  builder: (yargs: Argv) =>
    yargs
      .positional('fasta', {
        type: 'string',
        array: true,
        describe: 'FASTA files: plain, gzip or BGZF; - is standard input; http(s) URLs',
        demandOption: true,
      })
      .options(embedOptions)
      .example(
        '$0 embed genome.fa.gz --regions exons.bed -m LongSafari/hyenadna-small-32k-seqlen-hf -o exons.arrow',
        'one row per region',
      )
      .example(
        '$0 embed reads.fa -m LongSafari/hyenadna-tiny-1k-seqlen-hf --pool last -o reads.parquet',
        'one row per record',
      )
      .example('$0 embed gene.fa --pool none --layer 4 -o bases.arrow', 'one row per base, as it stands after layer 4')
      .example('$0 embed genome.fa.gz --regions exons.bed', "the shipped splice model's last 32 channels"),
  handler: async (argv) => (await import('./embed-handler.ts')).embed(argv, environment),
})
