import type { Argv, CommandModule, Options } from 'yargs'
import type { Environment } from './environment.ts'
import { outputFormats } from '../../src/io/output/formats.ts'
import { variantFormats } from '../run/variants-request.ts'
import { logOptions, runOptions, text } from './options.ts'
import { planOptions } from './shard-options.ts'

const { device, memory, threads } = runOptions
const positional = { type: 'string', demandOption: true } as const
const output = (describe: string): Options => text(describe, { alias: 'o', demandOption: true, group: 'Output:' })
const handlers = () => import('./shard-handlers.ts')

export const shardCommand = (environment: Environment): CommandModule => ({
  command: 'shard',
  describe: 'A genome, or a VCF, cut into jobs for a cluster',
  builder: (yargs: Argv) =>
    yargs
      .command(
        'plan <fasta..>',
        'Cut a run of predict, embed or variants into shards, and write the manifest',
        (args) =>
          args
            .positional('fasta', { ...positional, array: true, describe: 'FASTA files: plain or BGZF' })
            .options({
              ...planOptions,
              shards: text('How many', { demandOption: true, group: 'Output:' }),
              output: output('Manifest to write, e.g. run/manifest.json'),
              ...logOptions,
            })
            .example('$0 shard plan genome.fa.gz --regions genes.bed --shards 8 -o run/manifest.json', 'eight jobs')
            .example(
              '$0 shard plan genome.fa.gz --variants in.vcf.gz --genes genes.gff3 --shards 8 -o run/manifest.json',
              'eight jobs of a VCF',
            )
            .example(
              '$0 shard plan genome.fa.gz --embed --regions exons.bed --pool max --shards 8 -o run/manifest.json',
              'eight jobs of embeddings',
            ),
        async (argv) => (await handlers()).plan(argv, environment),
      )
      .command(
        'run <manifest> <id>',
        'Compute one shard, unless it is there: any node, any order',
        (args) =>
          args
            .positional('manifest', { ...positional, describe: 'What plan wrote' })
            .positional('id', { ...positional, describe: 'Number of the shard, from 0' })
            .options({
              device,
              threads: { ...threads, describe: 'CPU workers (default: as planned; all shards must have the same)' },
              memory: {
                ...memory,
                describe: 'Memory this node can give; too little for the planned chunks is an error',
              },
              ...logOptions,
            })
            .example('$0 shard run run/manifest.json 3', 'writes run/shards/3.arrow'),
        async (argv) => (await handlers()).run(argv, environment),
      )
      .command(
        'merge <manifest>',
        'Check every shard and write one output',
        (args) =>
          args
            .positional('manifest', { ...positional, describe: 'What plan wrote' })
            .options({
              output: output('File to write; - is standard output'),
              format: text("Format (default: from the output's extension)", {
                choices: [...new Set([...Object.keys(outputFormats), ...Object.keys(variantFormats)])],
                group: 'Output:',
              }),
              ...logOptions,
            })
            .example('$0 shard merge run/manifest.json -o out.arrow', 'the file that predict would have written')
            .example('$0 shard merge run/manifest.json -o out.vcf.gz', 'the file that variants would have written')
            .example('$0 shard merge run/manifest.json -o out.parquet', 'as Parquet, byte for byte too'),
        async (argv) => (await handlers()).merge(argv, environment),
      )
      .demandCommand(1, 'no subcommand is given')
      .example(
        '$0 shard plan genome.fa.gz --regions genes.bed --model splice --shards 8 -o run/manifest.json',
        'eight jobs',
      )
      .example(
        '$0 shard plan genome.fa.gz --variants in.vcf.gz --genes genes.gff3 --shards 8 -o run/manifest.json',
        'eight jobs of a VCF',
      )
      .example('$0 shard run run/manifest.json 3', 'writes run/shards/3.arrow (or .vcf)')
      .example('$0 shard merge run/manifest.json -o out.arrow', 'the file that predict would have written'),
  handler: () => {},
})
