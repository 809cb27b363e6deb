import type { Genome } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { LikelihoodScorer } from './likelihood.ts'
import type { ScoreOptions } from './options.ts'
import { Scorer } from './scorer.ts'

/** What scores with this model: by a splice model's sites, or by a language model's likelihood. Errors as of `scoreVariants`. */
export const openScorer = (model: Model, genome: Genome, options: ScoreOptions): Promise<Scorer | LikelihoodScorer> =>
  (model.info.family === 'language' ? LikelihoodScorer : Scorer).open(model, genome, options)
