import { ConfigError } from '../../src/errors.ts'

/** How long a training is, and what happens when. */
export interface Schedule {
  readonly steps?: number
  readonly seconds?: number
  /** Steps between evaluations. */
  readonly evaluateEvery: number
}

const defaultHours = 2
const evaluateEvery = 500
/** Of a training of so many steps, a tenth lies between evaluations, but no fewer than this. */
const fewestBetween = 100
/** Decoys are looked for after this many steps, and again after each interval. */
const mining = { first: 500, interval: 1000 }

/** @throws ConfigError for lengths that cannot be */
export function scheduleOf({ hours, steps }: { readonly hours?: number; readonly steps?: number }): Schedule {
  if (hours !== undefined && steps !== undefined)
    throw new ConfigError({ option: 'hours', what: 'cannot be combined with `steps`', remedy: 'give one of them' })
  if (hours !== undefined && !(hours > 0 && hours <= 100_000))
    throw new ConfigError({ option: 'hours', what: 'bad value', expected: 'a number above 0', got: `${hours}` })
  if (steps === undefined) return { seconds: (hours ?? defaultHours) * 3600, evaluateEvery }
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw new ConfigError({
      option: 'steps',
      what: 'bad value',
      expected: 'a whole number of at least 1',
      got: `${steps}`,
    })
  return { steps, evaluateEvery: Math.max(fewestBetween, Math.min(evaluateEvery, Math.ceil(steps / 10))) }
}

export const isMiningStep = (step: number): boolean =>
  step >= mining.first && (step - mining.first) % mining.interval === 0

/** The part of the training that lies behind, 0 to 1. */
export const partDone = ({ steps, seconds }: Schedule, step: number, elapsed: number): number =>
  Math.min(1, steps !== undefined ? step / steps : elapsed / (seconds ?? 1))
