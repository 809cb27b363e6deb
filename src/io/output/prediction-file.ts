/** Which bases the rows of one record batch are of, column by column. */
export interface RowsOfBases {
  readonly length: number
  /** Index into `contigNames` for each row. */
  readonly contig: Int32Array
  readonly contigNames: readonly string[]
  /** 0-based. */
  readonly position: Uint32Array
  /** Upper-case ASCII. */
  readonly bases: Uint8Array
}

/** Rows of one record batch, column by column. */
export interface RowBatch extends RowsOfBases {
  /** NaN where there is no value. */
  readonly tracks: Readonly<Record<string, Float32Array>>
}

/** What is known of a block of rows, i.e. a record batch or row group, without reading it. */
export interface BlockFacts {
  readonly rows: number
  /** Where its rows lie: contigs between two names, in the order of bytes, and positions `[start, end)`. */
  readonly contigs?: readonly [first: string, last: string]
  readonly positions?: readonly [start: number, end: number]
  /** Whether these are consecutive positions of one contig, one a row, as far as a few of them tell. */
  readonly isRun?: boolean
  /** Least and largest value, by track; undefined where it has none. */
  readonly ranges?: Readonly<Record<string, readonly [least: number, largest: number] | undefined>>
}

/** The columns of a block that are numbers. */
export interface NumberColumns {
  /** 0-based. */
  readonly position: Uint32Array
  /** In the order of the file's tracks; NaN where there is no value. */
  readonly tracks: readonly Float32Array[]
}

export interface PredictionFile {
  /** Schema metadata. */
  readonly metadata: ReadonlyMap<string, string>
  readonly tracks: readonly string[]
  readonly blockCount: number
  /** Undefined in a file that does not say. */
  readonly facts?: readonly BlockFacts[]
  /** The rows of one block. */
  read(block: number): Promise<RowBatch>
  /** Numbers alone, where a file has them apart: in half the time. */
  readNumbers?(block: number): Promise<NumberColumns>
  /** In the order of the file, one record batch in memory at a time. */
  rows(): AsyncGenerator<RowBatch>
  close(): Promise<void>
}
