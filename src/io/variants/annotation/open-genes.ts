import { blobSource, type ByteSource } from '../../bytes/byte-source.ts'
import { type Annotation, readGenes } from './read-genes.ts'

/**
 * The genes of a file: GFF3, GTF, BED12 or a table in the form of SpliceAI's, each plain, gzip or BGZF. `input` is a path, a
 * `file://` URL, `-` for standard input, or a Blob.
 *
 * @throws FormatError naming file and line where it is none of these or malformed; an abort passes through
 */
export async function openGenes(
  input: string | URL | Blob,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Annotation> {
  const source = input instanceof Blob ? blobSource(input) : await openFile(String(input))
  try {
    return await readGenes(source, options.signal)
  } finally {
    await source.close()
  }
}

async function openFile(path: string): Promise<ByteSource> {
  const { openLocalFile, standardInput } = await import('../../bytes/local-file.ts')
  return path === '-' ? standardInput() : openLocalFile(path)
}
