import { ConfigError, FormatError, GenoconvError } from '../../src/errors.ts'
import { inFlags } from './flags.ts'
import { openFilesFault } from './open-files-fault.ts'

export const exitCodes = { success: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** Why a run was stopped from outside. */
export class Interruption extends Error {
  constructor(signal: string) {
    super(`interrupted (${signal})`)
  }
}

export const isClosedPipe = (error: unknown): boolean => (error as { code?: unknown } | undefined)?.code === 'EPIPE'

export function exitCodeOf(error: unknown): number {
  if (isClosedPipe(error)) return exitCodes.success
  if (error instanceof Interruption) return exitCodes.interrupted
  return error instanceof ConfigError ? exitCodes.usage : exitCodes.failed
}

/** One line for people; what is not one of our errors is said to be a mistake of the program, or the system's own words. */
export function describeError(error: unknown): string {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ')
  // A file of the user's that could not be opened is named; what the program itself could not open is of no use to anybody.
  const fault = error instanceof FormatError ? undefined : openFilesFault(error)
  if (fault) return fault
  if (error instanceof GenoconvError || error instanceof Interruption) return inFlags(message)
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  if (typeof code === 'string' && typeof syscall === 'string') return message
  return `internal error: ${message}; run it again with --debug and report what it prints`
}
