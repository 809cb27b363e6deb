/** What is known of a format without its encoder. */
interface FormatFacts {
  /** Lower case; the first is the one that default names get. */
  readonly extensions: readonly string[]
  readonly description: string
  /** Not for a terminal. */
  readonly isBinary: boolean
  /** Whether several values can stand at one position, as overlapping regions have it. */
  readonly allowsOverlaps: boolean
  /** Whether the rows of an interrupted file can be counted. */
  readonly canResume: boolean
  /** Whether each track has a file of its own. */
  readonly isFilePerTrack?: true
}

/**
 * The formats, by the name that `format` takes. To add one: an entry here, its encoder in write-predictions.ts and, if it
 * can be resumed, its reader in resume-output.ts; what misses one does not compile. Data only: the command line lists
 * formats without loading an encoder.
 *
 * A Parquet file says at its end where its rows are, so an interrupted one says nothing.
 * A bigWig file begins with where everything is, and is sorted, so nothing of it is written before the last value is there.
 * bedGraph joins neighbours of equal value and leaves out what has none, so its lines do not say which rows they were.
 */
export const outputFormats = {
  arrow: {
    extensions: ['.arrow', '.feather', '.ipc'],
    description: 'Arrow IPC file',
    isBinary: true,
    allowsOverlaps: true,
    canResume: true,
  },
  arrows: {
    extensions: ['.arrows'],
    description: 'Arrow IPC stream',
    isBinary: true,
    allowsOverlaps: true,
    canResume: true,
  },
  parquet: {
    extensions: ['.parquet', '.pq'],
    description: 'Parquet file',
    isBinary: true,
    allowsOverlaps: true,
    canResume: false,
  },
  tsv: {
    extensions: ['.tsv', '.txt'],
    description: 'tab-separated text',
    isBinary: false,
    allowsOverlaps: true,
    canResume: true,
  },
  bedgraph: {
    extensions: ['.bedgraph', '.bg'],
    description: 'bedGraph text',
    isBinary: false,
    allowsOverlaps: false,
    canResume: false,
  },
  bigwig: {
    extensions: ['.bw', '.bigwig'],
    description: 'bigWig files, one a track',
    isBinary: true,
    allowsOverlaps: false,
    canResume: false,
    isFilePerTrack: true,
  },
} as const satisfies Record<string, FormatFacts>

export type OutputFormat = keyof typeof outputFormats

/** Formats with all tracks in one file. */
export type OneFileFormat = {
  [F in OutputFormat]: (typeof outputFormats)[F] extends { isFilePerTrack: true } ? never : F
}[OutputFormat]

export const isOneFile = (format: OutputFormat): format is OneFileFormat => !('isFilePerTrack' in outputFormats[format])

/** Formats that have a column of lists of a fixed size, for embeddings. */
export const embeddingFormats = ['arrow', 'arrows', 'parquet'] as const
export type EmbeddingFormat = (typeof embeddingFormats)[number]

export const isEmbeddingFormat = (format: string): format is EmbeddingFormat =>
  (embeddingFormats as readonly string[]).includes(format)

/** Formats whose interrupted files can be continued. */
export type ResumableFormat = {
  [F in OutputFormat]: (typeof outputFormats)[F]['canResume'] extends true ? F : never
}[OutputFormat]

export const canResume = (format: OutputFormat): format is ResumableFormat => outputFormats[format].canResume

/** The format of a file's extension, in capitals or not; undefined for one that is no format's. */
export function formatOfExtension(extension: string): OutputFormat | undefined {
  for (const [name, { extensions }] of Object.entries(outputFormats))
    if ((extensions as readonly string[]).includes(extension.toLowerCase())) return name as OutputFormat
  return undefined
}
