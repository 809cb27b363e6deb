import { FormatError } from '../../src/errors.ts'
import type { AnyManifest } from './manifest.ts'

interface OpenFile {
  readonly metadata: ReadonlyMap<string, string>
  close(): Promise<void>
}

/** What one run would say of itself; each shard says it too, beside its own number. FormatError where one says otherwise. */
export async function commonMetadata(
  { shards }: AnyManifest,
  pathOf: (id: number) => string,
  open: (path: string) => Promise<OpenFile>,
): Promise<Map<string, string>> {
  const metadataOf = async (path: string): Promise<Map<string, string>> => {
    const file = await open(path)
    await file.close()
    const metadata = new Map(file.metadata)
    metadata.delete('genoconv.shard')
    return metadata
  }
  const metadata = await metadataOf(pathOf(0))
  for (const { id } of shards.slice(1)) {
    for (const [key, value] of await metadataOf(pathOf(id))) {
      if (metadata.get(key) === value) continue
      throw new FormatError({
        where: pathOf(id),
        what: `${key} is not that of the first shard`,
        expected: String(metadata.get(key)),
        got: value,
        remedy: 'plan and run again',
      })
    }
  }
  return metadata
}
