import { describeModel, knownModel, listModels, pullModel } from '../models/catalogue.ts'
import { showBytes } from '../run/show.ts'
import type { Environment } from './environment.ts'
import { formatDescription, formatListings } from './models-text.ts'
import { print, printJson } from './print.ts'
import { DownloadBar } from './progress-bar.ts'
import { type Argv, Words } from './words.ts'

/** `genoconv models list`. */
export async function list(argv: Argv): Promise<void> {
  const listings = await listModels()
  if (new Words(argv).isOn('json')) for (const listing of listings) await printJson(listing)
  else await print(formatListings(listings))
}

/** `genoconv models info`. */
export async function info(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const asJson = words.isOn('json')
  const spec = words.one('model')
  const published = spec === undefined ? undefined : await knownModel(spec)
  const description = await describeModel(spec, { signal, onWarning: log.warn }).catch((error: unknown) => {
    // A published model that is not here: what is known of it, before the error that says how to get it.
    if (published && !asJson)
      log.info(
        `${published.name}: ${published.description}; ${published.licence}; ${showBytes(published.weightsBytes)}`,
      )
    throw error
  })
  if (asJson) await printJson(description)
  else await print(formatDescription(description))
}

/** `genoconv models pull`. */
export async function pull(argv: Argv, { log, signal }: Environment): Promise<void> {
  const words = new Words(argv)
  const bar = words.isOn('quiet') || words.isOn('json') ? undefined : new DownloadBar(process.stderr)
  const { name, commit, folder, files, licence } = await pullModel(words.needed('model'), {
    acceptLicense: words.isOn('accept-license'),
    signal,
    onWarning: log.warn,
    onProgress: (progress) => bar?.update(progress),
  }).finally(() => bar?.clear())
  const bytes = files.reduce((sum, { byteCount }) => sum + byteCount, 0)
  log.info(`licence of ${name}: ${licence ?? 'not stated'}`)
  log.done(`${name}: ${showBytes(bytes)}, checked; run it with --model ${name}`, {
    model: name,
    ...(commit === undefined ? {} : { commit }),
    licence: licence ?? null,
    bytes,
    output: folder,
  })
  await print(`${folder}\n`)
}
