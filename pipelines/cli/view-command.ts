import type { Argv, CommandModule } from 'yargs'
import type { Environment } from './environment.ts'
import { group, logOptions, text } from './options.ts'

const viewOptions = {
  ...group('What is shown', {
    fasta: text('FASTA file: its bases, where they fit'),
    genes: text('GFF3, GTF, BED12 or a table in the form of SpliceAI, plain or gzip'),
    variants: text(
      'VCF, plain, gzip or BGZF, with scores of `genoconv variants`, SpliceAI or Pangolin; or a table of `genoconv variants` (TSV, Arrow, Parquet)',
    ),
  }),
  ...group('A file instead of a server', {
    svg: text('Write the picture as SVG to this file; no browser is needed'),
    png: text('Write the picture as PNG to this file; no browser is needed'),
    static: text(
      'Write the page to this HTML file, with all that it needs inside; it opens without genoconv or a network',
    ),
    region: text('Region, position or gene of the picture or page (default: all of the first contig)'),
    width: text('Width of the picture in pixels of the SVG (default: 1000)'),
    scale: text('Pixels of the PNG for one of the SVG (default: 2, which prints sharply)'),
  }),
  ...group('How', {
    port: text('Port on 127.0.0.1 (default: any that is free)'),
    open: { type: 'boolean', default: true, describe: 'Open the browser (--no-open: print the address only)' },
  }),
} as const

export const viewCommand = (environment: Environment): CommandModule => ({
  command: 'view <predictions...>',
  describe: 'Look at predictions and variants in a browser',
  builder: (yargs: Argv) =>
    yargs
      .positional('predictions', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Arrow or Parquet files that predict wrote',
      })
      .options({ ...viewOptions, ...logOptions })
      .example('$0 view gene.splice.arrow --genes genes.gff3', 'tracks and genes, in the browser')
      .example(
        '$0 view a.arrow b.parquet --fasta gene.fa --genes genes.bed --variants out.vcf',
        'two files, bases, genes and scored variants',
      )
      .example('$0 view a.arrow --genes genes.bed --svg figure.svg --region SNAP25', 'a figure of a gene')
      .example(
        '$0 view a.arrow --genes genes.bed --png figure.png --scale 4',
        'the same as an image, for a large print',
      )
      .example('$0 view a.arrow --genes genes.bed --static share.html --region SNAP25', 'a page of a gene to pass on'),
  handler: async (argv) => (await import('./view-handler.ts')).view(argv, environment),
})
