import type { Genome } from '../../src/genome.ts'
import type { Model } from '../../src/model/model.ts'
import { expectChoice, expectWhole } from '../../src/validate.ts'
import { checkRequest, type PredictOptions, type PredictPlan } from '../predict/options.ts'
import { planPredict } from '../predict/plan.ts'
import { type Pool, pools } from './pool.ts'

/** As for `predict`, with what is read and how it is pooled in place of tracks. */
export interface EmbedOptions extends Omit<PredictOptions, 'tracks' | 'packsPerGroup' | 'plan' | 'strand'> {
  /** Which state: `-1`, the default, what the head is given (of HyenaDNA after the last norm); 0 before the first layer; `i` after layer `i`. */
  readonly layer?: number
  /**
   * Over the bases of a region or record, context not counted: their `mean` (the default) or `max`, channel by channel; that of
   * its `first` or `last` base, the lowest or highest position whatever the strand; `none`: one embedding a base.
   */
  readonly pool?: Pool
  /** As for `predict`; with `both` each position has the mean of its two strands. */
  readonly strand?: PredictOptions['strand']
  /** What `planEmbed` gave for the same model, genomes and options; default: planned anew. */
  readonly plan?: PredictPlan
}

/**
 * Checks what a caller of `embed` or `planEmbed` gives, before anything is read.
 *
 * @throws ConfigError for options that cannot be, RegionError for regions that cannot be
 */
export function checkEmbedRequest(
  model: Model,
  genomes: Genome | readonly Genome[],
  options: EmbedOptions,
): readonly Genome[] {
  const inputs = checkRequest(model, genomes, options)
  expectWhole('layer', options.layer, { least: -1 })
  expectChoice('pool', options.pool, pools)
  return inputs
}

/**
 * The model whose tracks are the channels of the state that `layer` names: `model` itself where it is that already.
 *
 * @throws ConfigError for a layer that there is not
 */
export const statesOf = (model: Model, layer = -1): Model => (model.info.layer === layer ? model : model.atLayer(layer))

/** What `predict` would be asked for the channels of a state. */
export const runOptions = ({ layer: _, pool: __, ...options }: EmbedOptions): PredictOptions => ({
  ...options,
  packsPerGroup: 1, // what is packed waits in full for its turn
})

/** What a row of the output is of. */
export const rowsOf = ({ pool = 'mean' }: Pick<EmbedOptions, 'pool'>): 'bases' | 'regions' =>
  pool === 'none' ? 'bases' : 'regions'

/**
 * Plans a run of `embed`, which takes the plan with the same options. Reads indices, computes nothing.
 *
 * @param states of `statesOf`
 * @throws as `planPredict`
 */
export const planEmbed = (states: Model, genomes: readonly Genome[], options: EmbedOptions): Promise<PredictPlan> =>
  planPredict(states, genomes, runOptions(options))
