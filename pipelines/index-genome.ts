import { expectOptions, expectSignal, expectText } from '../src/validate.ts'

export interface IndexGenomeOptions {
  readonly signal?: AbortSignal
  readonly onWarning?: (message: string) => void
}

/**
 * Writes the index files of a plain or BGZF FASTA beside it: `<fasta>.fai` as samtools writes it and, for BGZF, `<fasta>.gzi`
 * as bgzip writes it. Each appears complete or not at all. Node only.
 *
 * @returns the paths written
 * @throws FormatError where the file cannot be indexed: no FASTA, plain gzip, duplicate names, lines of uneven length;
 *   an abort passes through
 */
export async function indexGenome(fasta: string, options: IndexGenomeOptions = {}): Promise<string[]> {
  expectText('fasta', fasta)
  expectOptions('indexGenome', options)
  expectSignal(options.signal)
  const { writeIndex } = await import('../src/io/fasta/write-index.ts')
  return writeIndex(fasta, options)
}
