import { FormatError } from '../../src/errors.ts'
import type { Region } from '../../src/genome.ts'
import type { RowsOfBases } from '../../src/io/output/prediction-file.ts'
import { basesIn, type SequenceManifest } from './manifest.ts'
import type { Merge } from './merge-job.ts'

/** Rows `[from, to)` of a record batch of a shard: those of `region`, which is a piece of a planned one. */
export interface MergedPiece<R> {
  readonly rows: R
  readonly from: number
  readonly to: number
  readonly region: Region
  /** Of the planned region among those of all shards. */
  readonly regionIndex: number
}

interface RowsFile<R> {
  rows(): AsyncGenerator<R>
  close(): Promise<void>
}

/** The rows of all shards, which have one for each base, in order. FormatError where they are not exactly those that were planned. */
export async function* mergedPieces<R extends RowsOfBases>(
  { manifest, pathOf, signal, onProgress }: Merge<SequenceManifest>,
  open: (path: string) => Promise<RowsFile<R>>,
): AsyncGenerator<MergedPiece<R>> {
  const progress = new MergeProgress(manifest, onProgress)
  let firstIndex = 0
  for (const { id, regions } of manifest.shards) {
    for await (const piece of piecesOf(pathOf(id), open, regions)) {
      signal?.throwIfAborted()
      yield { ...piece, regionIndex: firstIndex + piece.regionIndex }
      progress.add(piece.region)
    }
    firstIndex += regions.length
  }
}

async function* piecesOf<R extends RowsOfBases>(
  path: string,
  open: (path: string) => Promise<RowsFile<R>>,
  regions: readonly Region[],
): AsyncGenerator<MergedPiece<R>> {
  const file = await open(path)
  let index = 0
  let position = regions[0]?.start ?? 0
  try {
    for await (const rows of file.rows()) {
      for (let from = 0; from < rows.length; ) {
        const region = regions[index]
        if (!region) throw unexpectedRows(path)
        const to = Math.min(rows.length, from + region.end - position)
        const end = position + to - from
        if (rows.contigNames[rows.contig[from]] !== region.contig) throw unexpectedRows(path)
        if (rows.position[from] !== position || rows.position[to - 1] !== end - 1) throw unexpectedRows(path)
        yield { rows, from, to, region: { ...region, start: position, end }, regionIndex: index }
        position = end
        from = to
        if (end === region.end) position = regions[++index]?.start ?? 0
      }
    }
    if (index !== regions.length) throw unexpectedRows(path)
  } finally {
    await file.close()
  }
}

export const unexpectedRows = (path: string): FormatError =>
  new FormatError({
    where: path,
    what: 'its rows are not those of its regions',
    remedy: 'remove the shard and run it again',
  })

/** Counts bases as they are merged. */
export class MergeProgress {
  #basesDone = 0
  readonly #basesTotal: number
  readonly #onProgress: Merge<SequenceManifest>['onProgress']

  constructor({ shards }: SequenceManifest, onProgress: Merge<SequenceManifest>['onProgress']) {
    this.#basesTotal = shards.reduce((sum, { regions }) => sum + basesIn(regions), 0)
    this.#onProgress = onProgress
  }

  add({ contig, start, end }: Region): void {
    this.#basesDone += end - start
    this.#onProgress?.({ contig, basesDone: this.#basesDone, basesTotal: this.#basesTotal })
  }
}
