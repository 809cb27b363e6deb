import type { Argv, CommandModule } from 'yargs'
import { DownloadBar } from './download-bar.ts'
import type { Environment } from './environment.ts'
import { createLog } from './log.ts'
import {
  describeModel,
  knownModel,
  listModels,
  type ModelDescription,
  type ModelListing,
  pullModel,
} from '../models/catalogue.ts'
import { logOptions } from './predict-arguments.ts'
import { print, printJson } from './print.ts'
import { showBytes, showCount } from '../run/show.ts'

/** `models list` for people: columns as wide as their longest entry. */
export function formatListings(listings: readonly ModelListing[]): string {
  const rows = listings.map(({ name, state, isDefault, licence = '?', weightsBytes, description, source }) => {
    const where =
      state === 'known' ? (source === 'pull' ? 'to pull' : 'to fetch') : isDefault ? 'shipped, default' : state
    return [name, where, licence, showBytes(weightsBytes), description]
  })
  const table = [['NAME', 'STATE', 'LICENCE', 'SIZE', 'WHAT'], ...rows]
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)))
  const lines = table.map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column]))).join('  '),
  )
  const sources = [
    ...new Set(
      listings.filter(({ state, source }) => state === 'known' && source !== 'pull').map(({ source }) => source),
    ),
  ]
  if (listings.some(({ source }) => source === 'pull')) lines.push('', 'to pull: genoconv models pull NAME')
  if (sources.length > 0) lines.push(`to fetch: the file is in ${sources.join(', ')}; give it with --model`)
  return `${lines.join('\n')}\n`
}

/** `models info` for people: a line a fact, the model's own card below. */
export function formatDescription(model: ModelDescription): string {
  const { left, right } = model.receptiveField
  const facts: [string, string][] = [
    ['model', model.name],
    ['family', model.family === 'splice' ? 'splice sites' : 'language model (each base from those before it)'],
    ['architecture', model.architecture],
    [
      'receptive field',
      right === 0 ? `${showCount(left)} bases before each base` : `${showCount(left)} bases on each side`,
    ],
    ['parameters', showCount(model.parameterCount)],
    ...model.tracks.map(({ name, isDefault, description }, i): [string, string] => [
      i === 0 ? 'tracks' : '',
      `${name}${isDefault ? '' : ' (on request)'}: ${description}`,
    ]),
    ['weights', `${showBytes(model.weightsBytes)} in ${model.files.join(', ')}`],
    ...model.sha256.map((hash, i): [string, string] => [i === 0 ? 'SHA-256' : '', hash]),
    ['licence', model.licence ?? 'not stated'],
  ]
  const width = Math.max(...facts.map(([name]) => name.length))
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
  if (model.card) lines.push('', ...cardLines(model.card, ''))
  return `${lines.join('\n')}\n`
}

/** A card is whatever its author wrote: objects become indented sections, lists of words one line. */
function cardLines(value: unknown, indent: string): string[] {
  if (typeof value !== 'object' || value === null) return [`${indent}${value}`]
  const isPlain = (item: unknown): boolean => typeof item !== 'object' || item === null
  return Object.entries(value).flatMap(([key, item]) => {
    const name = Array.isArray(value) ? '-' : `${key.replaceAll('_', ' ')}:`
    if (isPlain(item)) return [`${indent}${name} ${item}`]
    if (Array.isArray(item) && item.every(isPlain)) return [`${indent}${name} ${item.join(', ')}`]
    return [`${indent}${name}`, ...cardLines(item, `${indent}  `)]
  })
}

export const modelsCommand = ({ signal }: Environment): CommandModule => ({
  command: 'models',
  describe: 'The models it can run, and where they are',
  builder: (yargs: Argv) =>
    yargs
      .command(
        'list',
        'Shipped, cached and published models',
        (args) => args.options(logOptions),
        async (argv) => {
          const listings = await listModels()
          if (argv['json'] === true) for (const listing of listings) await printJson(listing)
          else await print(formatListings(listings))
        },
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
            .options(logOptions),
        async (argv) => {
          const log = createLog({ quiet: argv['quiet'] === true, json: argv['json'] === true })
          const spec = argv['model'] as string | undefined
          const published = spec === undefined ? undefined : knownModel(spec)
          const description = await describeModel(spec, { signal, onWarning: (text) => log.warn(text) }).catch(
            (error: unknown) => {
              // A published model that is not here: what is known of it, before the error that says how to get it.
              if (published && argv['json'] !== true)
                log.info(
                  `${published.name}: ${published.description}; ${published.licence}; ${showBytes(published.weightsBytes)}`,
                )
              throw error
            },
          )
          if (argv['json'] === true) await printJson(description)
          else await print(formatDescription(description))
        },
      )
      .command(
        'pull <model>',
        'Download a Hugging Face checkpoint into its cache, checked against its SHA-256',
        (args) =>
          args
            .positional('model', { type: 'string', demandOption: true, describe: 'owner/name, or owner/name@revision' })
            .options(logOptions),
        async (argv) => {
          const log = createLog({ quiet: argv['quiet'] === true, json: argv['json'] === true })
          const bar = argv['quiet'] === true || argv['json'] === true ? undefined : new DownloadBar(process.stderr)
          const pulled = await pullModel(argv['model'] as string, {
            signal,
            onWarning: (text) => log.warn(text),
            onProgress: (progress) => bar?.update(progress),
          }).finally(() => bar?.clear())
          const bytes = pulled.files.reduce((sum, { byteCount }) => sum + byteCount, 0)
          log.done(`${pulled.repoId}: ${showBytes(bytes)}, checked; run it with --model ${pulled.repoId}`, {
            model: pulled.repoId,
            commit: pulled.commit,
            bytes,
            output: pulled.folder,
          })
          await print(`${pulled.folder}\n`)
        },
      )
      .demandCommand(1, 'list, info or pull?')
      .example('$0 models list', 'what there is')
      .example('$0 models info splice', "the shipped model's card")
      .example(
        '$0 models pull LongSafari/hyenadna-tiny-1k-seqlen-hf',
        'then: genoconv predict gene.fa -m LongSafari/hyenadna-tiny-1k-seqlen-hf',
      ),
  handler: () => {},
})
