import type { Argv, CommandModule } from 'yargs'
import type { Environment } from './environment.ts'
import { logOptions } from './options.ts'

const handlers = () => import('./models-handlers.ts')

/** `genoconv models`. */
export const modelsCommand = (environment: Environment): CommandModule => ({
  command: 'models',
  describe: 'The models it can run, and where they are',
  builder: (yargs: Argv) =>
    yargs
      .command(
        'list',
        'Shipped, cached and published models',
        (args) =>
          args
            .options(logOptions)
            .example('$0 models list', 'a line a model')
            .example('$0 models list --json', 'an object a line, for machines'),
        async (argv) => (await handlers()).list(argv),
      )
      .command(
        'info [model]',
        'What a model is: architecture, receptive field, tracks, licence, accuracy',
        (args) =>
          args
            .positional('model', {
              type: 'string',
              describe:
                "A shipped model's name, a repo id in the cache, a folder or a file (default: the shipped default)",
            })
            .options(logOptions)
            .example('$0 models info splice', "the shipped model's card")
            .example('$0 models info model_10000nt_rs10.pt', 'a weights file'),
        async (argv) => (await handlers()).info(argv, environment),
      )
      .command(
        'pull <model>',
        'Download a Hugging Face checkpoint, or published weights, into a cache, checked against their SHA-256',
        (args) =>
          args
            .positional('model', {
              type: 'string',
              demandOption: true,
              describe:
                'owner/name or owner/name@revision; or a name that models list shows, such as openspliceai-10000',
            })
            .options({
              'accept-license': { type: 'boolean', describe: 'Accept a licence that forbids commercial use' },
              ...logOptions,
            })
            .example('$0 models pull openspliceai-10000', 'five networks; run them with --model openspliceai-10000')
            .example('$0 models pull spliceai --accept-license', 'CC BY-NC 4.0')
            .example('$0 models pull LongSafari/hyenadna-tiny-1k-seqlen-hf', 'prints the folder it is in'),
        async (argv) => (await handlers()).pull(argv, environment),
      )
      .demandCommand(1, 'no subcommand is given')
      .example('$0 models list', 'what there is')
      .example('$0 models info splice', "the shipped model's card")
      .example(
        '$0 models pull LongSafari/hyenadna-tiny-1k-seqlen-hf',
        'then: genoconv predict gene.fa -m LongSafari/hyenadna-tiny-1k-seqlen-hf',
      ),
  handler: () => {},
})
