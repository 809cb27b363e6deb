import { writeIndex } from '../../src/io/fasta/write-index.ts'

export interface IndexFastaOptions {
  readonly signal?: AbortSignal
  readonly onWarning?: (message: string) => void
}

/**
 * Writes the index files of a plain or BGZF FASTA beside it: `<fasta>.fai` as samtools writes it and, for BGZF, `<fasta>.gzi`
 * as bgzip writes it. Each appears complete or not at all. Returns the paths written. FormatError where the file cannot be
 * indexed: no FASTA, plain gzip, duplicate names, lines of uneven length.
 */
export async function indexFasta(fasta: string, options: IndexFastaOptions = {}): Promise<string[]> {
  return writeIndex(fasta, options)
}
