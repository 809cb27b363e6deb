import type { PlannedVariants } from '../run/run-variants.ts'
import { showCount, showSeconds } from '../run/show.ts'
import { planVariants } from '../variants/plan.ts'

/** The plan of a run in lines for people, and as JSON for machines. Reads all of the VCF. */
export async function describeVariantsDryRun(run: PlannedVariants, json: boolean): Promise<string> {
  const { model, genome, source, options, output } = run
  const plan = await planVariants(model, genome, source.records, options)
  const { info, backend } = model
  if (json)
    return `${JSON.stringify({
      event: 'plan',
      input: source.name,
      records: plan.variants,
      scores: plan.scores,
      skipped: Object.fromEntries(plan.reasons),
      model: info.name,
      architecture: info.architecture,
      device: backend.description,
      estimatedSeconds: plan.estimatedSeconds ?? null,
      format: output.format,
      output: output.path ?? '-',
    })}\n`
  const skipped = [...plan.reasons].map(([reason, count]) => `${showCount(count)} ${reason}`).join(', ')
  const rows: [string, string][] = [
    ['input', source.name],
    ['records', `${showCount(plan.variants)}, ${showCount(plan.scores)} scores (an allele in a gene is one)`],
    ['without', skipped || 'every allele has a score'],
    ['model', `${info.name}: ${info.architecture}, ${showCount(info.parameterCount)} parameters`],
    ['device', backend.description],
    [
      'time',
      plan.estimatedSeconds === undefined
        ? 'nothing is to be scored'
        : `about ${showSeconds(plan.estimatedSeconds)} (measured on the first variants)`,
    ],
    ['output', `${output.path ?? 'standard output'} (${output.format})`],
  ]
  return rows.map(([name, value]) => `${`${name}:`.padEnd(10)}${value}\n`).join('')
}
