/** The words every part of genoconv shares. All coordinates are 0-based, half-open, on the forward strand. */

export type Strand = '+' | '-'

/** A named sequence and its length in bases. */
export interface Contig {
  readonly name: string
  readonly length: number
}

/** `contig[start, end)` on the forward strand. */
export interface Region {
  readonly contig: string
  readonly start: number
  readonly end: number
  /** What the user calls it (BED column 4). */
  readonly name?: string
  /** The strand to run (BED column 6). */
  readonly strand?: Strand
}

/** A piece of one contig as it is read: ASCII letters, case kept, in ascending order without gaps. */
export interface SequenceChunk {
  readonly contig: string
  /** 0-based position of `bases[0]` in the contig. */
  readonly start: number
  /** ASCII codes of the sequence's letters (checked: only IUPAC letters and U). */
  readonly bases: Uint8Array
  /** True on the last chunk of its contig (which may be empty, for a record without bases). */
  readonly isContigEnd: boolean
}

/** Predictions for `region`; every track has one value per base, `NaN` where there is none. */
export interface PredictionBatch {
  readonly region: Region
  /** Upper-case ASCII of the bases of `region`, forward strand, U as T. */
  readonly bases: Uint8Array
  /** Track name -> Float32Array[region.end - region.start], at forward coordinates. */
  readonly tracks: Readonly<Record<string, Float32Array>>
  /** Index of the requested region this batch is a piece of (order of the request). */
  readonly regionIndex: number
}

/** What a layer holds of `region`: one embedding of the whole of it, or one for each of its bases. */
export interface EmbeddingBatch {
  /** With one embedding a base: a piece of the region. */
  readonly region: Region
  /** Float32Array[channelCount], pooled over `region`; or [bases of region, channelCount], base after base in ascending order. */
  readonly embedding: Float32Array
  readonly channelCount: number
  /** With one embedding a base: upper-case ASCII of the bases of `region`, forward strand, U as T. */
  readonly bases?: Uint8Array
  /** Index of the requested region (order of the request). */
  readonly regionIndex: number
}

/** A FASTA that can be read by record or by region. */
export interface Genome {
  /** File name, URL or `-`, as the user gave it. */
  readonly name: string
  /** Bytes of the (compressed) file where known. */
  readonly byteCount: number | undefined
  /** Whether `read` works, i.e. regions can be read without reading all that comes before. */
  readonly isRandomAccess: boolean
  /** Contigs with lengths, in file order; reads the index, or scans the file if there is none (not for streams). */
  contigs(signal?: AbortSignal): Promise<readonly Contig[]>
  /** ASCII letters of `contig[start, end)`, case kept. RegionError outside the contig. */
  read(region: Region, signal?: AbortSignal): Promise<Uint8Array>
  /** All records in file order, in chunks of about `chunkBases`, in memory independent of the file. */
  chunks(options: { chunkBases: number; signal?: AbortSignal }): AsyncGenerator<SequenceChunk>
  close(): Promise<void>
}
