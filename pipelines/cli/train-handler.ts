import { ConfigError } from '../../src/errors.ts'
import type { ArchitectureName } from '../../src/training/architectures.ts'
import { runTrain, type TrainRequest } from '../run/run-train.ts'
import { showCount, showSeconds } from '../run/show.ts'
import type { Environment } from './environment.ts'
import { parseMachineOptions } from './predict-arguments.ts'
import { parseWhole } from './values.ts'
import { type Argv, Words } from './words.ts'

/** What `genoconv train` does once yargs has split its words. */
export async function trainModel(argv: Argv, { log, signal }: Environment): Promise<void> {
  const { output, steps, positions, seconds, chosenStep, heldOut, device } = await runTrain(parse(argv), {
    log,
    signal,
  })
  if (heldOut) {
    const { acceptor, donor } = heldOut
    log.info(
      `genes held out: top-k ${acceptor.topK.toFixed(3)} / ${donor.topK.toFixed(3)}, average precision ${acceptor.averagePrecision.toFixed(3)} / ${donor.averagePrecision.toFixed(3)} (acceptor / donor)`,
    )
  }
  log.done(
    `${showCount(steps)} steps, ${showCount(positions)} positions in ${showSeconds(seconds)} (${showCount(positions / seconds)} positions a second); wrote ${output}`,
    {
      steps,
      positions,
      seconds,
      positionsPerSecond: positions / seconds,
      chosenStep,
      heldOut: heldOut ?? null,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      device,
      output,
    },
  )
}

/** @throws ConfigError for any value that cannot be */
function parse(argv: Argv): TrainRequest {
  const words = new Words(argv)
  const { device, memory, threads } = parseMachineOptions(words)
  return {
    fasta: words.needed('fasta'),
    genes: words.needed('genes'),
    output: words.needed('output'),
    architecture: words.one('architecture') as ArchitectureName | undefined,
    from: words.one('from'),
    holdOut: words.all('hold-out'),
    select: words.all('select'),
    hours: words.parsed('hours', parseHours),
    steps: words.parsed('steps', (option, value) => parseWhole(option, value, 1)),
    seed: words.parsed('seed', (option, value) => parseWhole(option, value, 0)) ?? 1,
    saveSeconds: words.parsed('save-seconds', (option, value) => parseWhole(option, value, 0)),
    resume: words.isOn('resume'),
    device,
    memory,
    threads,
  }
}

function parseHours(option: string, value: string): number {
  const hours = value.trim() === '' ? Number.NaN : Number(value)
  if (!(hours > 0 && hours <= 100_000))
    throw new ConfigError({ where: option, what: 'bad value', expected: 'a number above 0', got: value })
  return hours
}
