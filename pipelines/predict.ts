import type { Genome, PredictionBatch } from '../src/genome.ts'
import { upperBases } from '../src/io/fasta/alphabet.ts'
import type { Model } from '../src/model/model.ts'
import { checkedValues } from './predict/check-values.ts'
import { Computation } from './predict/compute.ts'
import { DoneRows } from './predict/done-rows.ts'
import { inGroups, type Job, jobsOf } from './predict/jobs.ts'
import { checkRequest, type PredictOptions } from './predict/options.ts'
import { planPredict, shortBases, strandOptions } from './predict/plan.ts'
import { ProgressReport } from './predict/progress.ts'
import type { StrandValues } from './predict/strand-values.ts'
import { targets } from './predict/targets.ts'

/**
 * Per-base predictions for every record of `genomes`, or for `regions`, in order; each base of each region exactly once.
 * Memory is bounded by the chunk, not by the genome. An abort passes through as it is.
 *
 * @throws RegionError for a region the genome does not have
 * @throws ConfigError for options that cannot be
 * @throws LimitError where the smallest chunk does not fit `memory`
 * @throws FormatError for a damaged input, and where the model gives a value that is no number
 */
export async function* predict(
  model: Model,
  genomes: Genome | readonly Genome[],
  options: PredictOptions = {},
): AsyncGenerator<PredictionBatch> {
  const inputs = checkRequest(model, genomes, options)
  const plan = options.plan ?? (await planPredict(model, inputs, options))
  const strand = strandOptions(plan, options)
  const progress = new ProgressReport(plan, options)
  const doneRows = await DoneRows.open(inputs, options)
  const computation = new Computation(model, { plan, strand, progress, options })

  // 1. Targets: regions, or records as they are read.
  const found = targets(inputs, options, { ...strand, shortBases: shortBases(plan) })
  // 2. Jobs: the strand of each, and the sequence around it.
  const jobs = jobsOf(found, plan.context, options.strand)
  // 3. Groups: short neighbours, to be computed together.
  const groups = inGroups(jobs, plan)
  // 4. What is done already is skipped.
  const rest = doneRows.rest(groups, progress)
  // 5. Compute, in order.
  for await (const { job, values } of computation.run(rest)) {
    // 6. Batches, checked.
    yield batchOf(checkedValues(model, values, job), job)
  }
}

function batchOf({ start, bases, tracks }: StrandValues, { region, regionIndex }: Job): PredictionBatch {
  return { region: { ...region, start, end: start + bases.length }, bases: upperBases(bases), tracks, regionIndex }
}
