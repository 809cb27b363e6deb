import type { Argv, CommandModule } from 'yargs'
import { variantFormats } from '../run/variants-request.ts'
import type { Environment } from './environment.ts'
import { group, logOptions, runOptions, text } from './options.ts'

const { model, region, regions, device, precision, memory, threads } = runOptions

/** Options that decide what is scored and how it is written. */
export const scoreOptions = {
  ...group('What is scored', {
    model,
    genes: text(
      'GFF3, GTF, BED12 or a table in the form of SpliceAI, plain or gzip; none: both strands, no gene needed',
    ),
    'every-snv': { type: 'boolean', describe: 'Instead of a VCF: every single-base change of the regions' },
    'every-indel': {
      type: 'boolean',
      describe:
        'Instead of a VCF: every insertion of 1 base and deletion of 1 to 4 bases at the positions of the regions',
    },
    region,
    regions: { ...regions, describe: 'BED file of regions for --every-snv and --every-indel' },
    transcripts: text('canonical (one a gene), all, or transcript ids, comma-separated', { default: 'canonical' }),
    distance: text('Bases on each side in which a gain or loss is looked for', { alias: 'D', default: '50' }),
    context: text('Language models: bases on each side that are scored (default: what the model was trained for)'),
    mask: { type: 'boolean', describe: "SpliceAI's mask: no gains at the nearest exon boundary, no losses elsewhere" },
    'mask-sites': {
      type: 'boolean',
      describe: 'At every position: no gains at annotated sites, no losses elsewhere (the mask of Pangolin)',
    },
    mnv: text('Alleles with several bases in REF and ALT: scores, or dots as in SpliceAI', {
      choices: ['scores', 'dots'],
      default: 'scores',
    }),
    normalize: text(
      'How an allele is written while it is scored: asis; left (as bcftools norm); trim (shared suffix, then prefix)',
      { choices: ['asis', 'left', 'trim'], default: 'asis' },
    ),
  }),
  ...group('How it is computed', { device, precision, memory, threads }),
  ...group('Output', {
    output: text('File to write; - is standard output (default: <vcf>.<model>.vcf here; without a VCF .arrow)', {
      alias: 'o',
    }),
    format: text("Format (default: from the output's extension)", { choices: Object.keys(variantFormats) }),
    'info-id': text('Name of the INFO field', { default: 'GENOCONV' }),
    replace: { type: 'boolean', describe: 'Replace entries of that name that the VCF has' },
    'precision-digits': text('Decimals of the scores in a VCF', { default: '2' }),
    raw: {
      type: 'boolean',
      describe: 'Add <info-id>_RAW: the probabilities of the four sites in the reference and with the allele',
    },
    reasons: {
      type: 'boolean',
      default: true,
      describe: 'Say in <info-id>_SKIPPED why an allele has no score (--no-reasons: do not)',
    },
    'on-bad-record': text('A malformed record: error, or keep (passed through as it is)', {
      choices: ['error', 'keep'],
      default: 'error',
    }),
    resume: { type: 'boolean', describe: 'Continue an interrupted run with the same inputs and options' },
    'dry-run': { type: 'boolean', describe: 'Print the plan and stop' },
  }),
} as const

export const variantsCommand = (environment: Environment): CommandModule => ({
  command: 'variants <fasta> [vcf]',
  describe: 'What each variant of a VCF changes, in the terms of SpliceAI, of Pangolin or of a language model',
  builder: (yargs: Argv) =>
    yargs
      .positional('fasta', { type: 'string', demandOption: true, describe: 'FASTA file: plain, gzip or BGZF' })
      .positional('vcf', {
        type: 'string',
        describe: 'VCF: plain, gzip or BGZF; - is standard input',
      })
      .options({ ...scoreOptions, ...logOptions })
      .example('$0 variants genome.fa.gz in.vcf.gz --genes genes.gff3.gz -o out.vcf.gz', 'every allele in every gene')
      .example(
        '$0 variants genome.fa in.vcf --genes genes.gtf -m a.pt -m b.pt -D 500 --mask -o out.vcf',
        'an ensemble, 500 bases on each side, masked',
      )
      .example(
        '$0 variants genome.fa.gz --every-snv --regions exons.bed --genes genes.gff3 -o saturation.arrow',
        'every single-base change of the exons',
      )
      .example(
        '$0 variants genome.fa in.vcf -m LongSafari/hyenadna-small-32k-seqlen-hf -o llr.vcf',
        'log-likelihood ratios of a language model, no genes needed',
      )
      .example('$0 variants genome.fa in.vcf --genes none --format tsv -o -', 'both strands, as a table'),
  handler: async (argv) => (await import('./variants-handler.ts')).variants(argv, environment),
})
