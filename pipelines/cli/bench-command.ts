import type { Argv, CommandModule } from 'yargs'
import type { Environment } from './environment.ts'
import { logOptions, runOptions, text } from './options.ts'

/** `genoconv bench`: how fast a model runs here, without files. */
export const benchCommand = (environment: Environment): CommandModule => ({
  command: 'bench',
  describe: 'Speed on this machine',
  builder: (yargs: Argv) => {
    const { model, device, chunk, memory, threads } = runOptions
    return yargs
      .options({ model, device, chunk, memory, threads })
      .option('bases', text('Bases of the trial (default: 100,000)'))
      .option('explain', {
        type: 'boolean',
        describe: 'Print how the model would be computed (chunks, convolutions, transforms) and stop',
      })
      .option('calibrate', {
        type: 'boolean',
        describe: 'Measure what CPU plans are chosen by, and keep it for every later run on this machine',
      })
      .conflicts('explain', 'calibrate')
      .options(logOptions)
      .example('$0 bench', 'the shipped model on the device that --device auto takes')
      .example('$0 bench --device cpu --threads 1 --bases 50k', 'one CPU thread, a short trial')
      .example(
        '$0 bench --explain -m LongSafari/hyenadna-small-32k-seqlen-hf --bases 1M',
        'the plan, each transform with its size and decomposition',
      )
      .example(
        '$0 bench --calibrate',
        'once on each kind of machine; a file in the cache folder, which GENOCONV_PLAN_CONSTANTS can name',
      )
      .example('$0 bench -m LongSafari/hyenadna-tiny-1k-seqlen-hf --json', 'another model, for machines')
  },
  handler: async (argv) => (await import('./bench-handler.ts')).bench(argv, environment),
})
