import type { EmbeddingBatch, Genome } from '../src/genome.ts'
import type { Model } from '../src/model/model.ts'
import { checkEmbedRequest, type EmbedOptions, planEmbed, runOptions, statesOf } from './embed/options.ts'
import { pooled } from './embed/regions.ts'
import { checkedValues } from './predict/check-values.ts'
import { Computation, type JobValues } from './predict/compute.ts'
import { DoneRows } from './predict/done-rows.ts'
import { inGroups, jobsOf } from './predict/jobs.ts'
import { shortBases, strandOptions } from './predict/plan.ts'
import { ProgressReport } from './predict/progress.ts'
import { targets } from './predict/targets.ts'

/**
 * What a layer of a model holds of every record of `genomes`, or of `regions`: one embedding of each, pooled over its bases,
 * or one a base, in order. Values do not depend on the chunk, on `memory`, or on which regions are asked for together. Memory
 * is bounded by the chunk, not by the genome. Of an ensemble the first member is read. An abort passes through as it is.
 *
 * @throws RegionError for a region the genome does not have
 * @throws ConfigError for options that cannot be, and for a layer that there is not
 * @throws LimitError where the smallest chunk does not fit `memory`
 * @throws FormatError for a damaged input, and where the model gives a value that is no number
 */
export async function* embed(
  model: Model,
  genomes: Genome | readonly Genome[],
  options: EmbedOptions = {},
): AsyncGenerator<EmbeddingBatch> {
  const inputs = checkEmbedRequest(model, genomes, options)
  const { layer = -1, pool = 'mean', onDeviceError } = options
  const states = statesOf(model, layer)
  try {
    const plan = options.plan ?? (await planEmbed(states, inputs, options))
    const strand = strandOptions(plan, options)
    const progress = new ProgressReport(plan, options)
    const doneRows = await DoneRows.open(inputs, options, pool === 'none' ? 'base' : 'region')
    const recovery: EmbedOptions['onDeviceError'] = async (error, failed) => {
      const place = await onDeviceError?.(error, failed)
      return place && { ...place, model: statesOf(place.model, layer) }
    }
    const run = { ...runOptions(options), onDeviceError: onDeviceError && recovery }
    const computation = new Computation(states, { plan, strand, progress, options: run })

    // 1. Targets: regions, or records as they are read.
    const found = targets(inputs, run, { ...strand, shortBases: shortBases(plan) })
    // 2. Jobs: the strand of each, and the sequence around it.
    const jobs = jobsOf(found, plan.context, options.strand)
    // 3. Groups: short neighbours, to be computed together.
    const groups = inGroups(jobs, plan)
    // 4. What is done already is skipped.
    const rest = doneRows.rest(groups, progress)
    // 5. Compute the channels of the state, in order.
    const computed = checked(states, computation.run(rest))
    // 6. Pool, channel by channel.
    yield* pooled(computed, plan.tracks, pool)
  } finally {
    if (states !== model) states.close()
  }
}

async function* checked(states: Model, source: AsyncIterable<JobValues>): AsyncGenerator<JobValues> {
  for await (const { job, values } of source) yield { job, values: checkedValues(states, values, job) }
}
