import { openGenes } from '../../src/io/variants/annotation/open-genes.ts'
import type { Annotation } from '../../src/io/variants/annotation/read-genes.ts'
import type { ScoreOptions } from '../variants/options.ts'
import type { VariantsRequest } from './variants-request.ts'

/** The genes that a run is asked to score within; undefined where none are named. */
export async function readAnnotation(
  { genes }: Pick<VariantsRequest, 'genes'>,
  signal?: AbortSignal,
): Promise<Annotation | 'none' | undefined> {
  return genes === 'none' || genes === undefined ? genes : openGenes(genes, { signal })
}

/** What `scoreVariants` is asked for, but for what this machine gives. */
export const scoreOptions = (request: VariantsRequest, genes: Annotation | 'none' | undefined): ScoreOptions => ({
  genes,
  transcripts: request.transcripts,
  distance: request.distance,
  context: request.context,
  mask: request.mask,
  mnv: request.mnv,
  normalize: request.normalize,
  onBadVariant: request.onBadRecord,
})
