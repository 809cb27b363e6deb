import type { Argv, CommandModule } from 'yargs'
import { architectureNames } from '../../src/training/architectures.ts'
import type { Environment } from './environment.ts'
import { group, logOptions, runOptions, text } from './options.ts'

const { device, memory, threads } = runOptions

const trainOptions = {
  ...group('What is trained', {
    genes: text('GFF3, GTF, BED12 or a table in the form of SpliceAI, plain or gzip; one transcript a gene is taken', {
      demandOption: true,
    }),
    architecture: text('Network to train from nothing (default: splice)', { choices: architectureNames }),
    from: text("Start at a model's weights: a folder, or a .pt or .safetensors file"),
    'hold-out': text('Region text or BED file, repeatable: never trained on, its genes test the model'),
    select: text('Region text or BED file, repeatable: never trained on, its genes choose among steps'),
    hours: text('How long to train (default: 2)'),
    steps: text('Instead of hours: a number of steps; the same seed gives the same weights'),
    seed: text('Seed of all that is random', { default: '1' }),
  }),
  ...group('How it is computed', { device, memory, threads }),
  ...group('Output', {
    output: text('Folder to write, which --model takes', { alias: 'o', demandOption: true }),
    'save-seconds': text('Seconds between states to resume from (default: 120; 0: each step)'),
    resume: { type: 'boolean', describe: 'Continue an interrupted training with the same inputs and options' },
  }),
} as const

export const trainCommand = (environment: Environment): CommandModule => ({
  command: 'train <fasta>',
  describe: 'Train or fine-tune a splice model on your genome and genes',
  builder: (yargs: Argv) =>
    yargs
      .positional('fasta', { type: 'string', demandOption: true, describe: 'FASTA file: plain or BGZF' })
      .options({ ...trainOptions, ...logOptions })
      .example('$0 train genome.fa.gz --genes genes.gff3.gz -o my-model', 'two hours, from nothing')
      .example(
        '$0 train genome.fa.gz --genes genes.gff3 --from model_400nt.pt --hours 1 -o fine-tuned',
        'a published model on your species',
      )
      .example(
        '$0 train genome.fa --genes genes.gtf --hold-out chr20 --select chr19 --steps 5000 -o my-model',
        'tested on chromosome 20',
      ),
  handler: async (argv) => (await import('./train-handler.ts')).trainModel(argv, environment),
})
