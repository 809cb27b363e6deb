/**
 * The six kinds of failure a caller can tell apart. Every message reads
 * `<where>: <what is wrong>: expected X, got Y; <remedy>`, in the data's own terms.
 * An abort (`AbortSignal`) is never one of these: it passes through unwrapped.
 *
 * Options stand in messages by their names in the library, in backticks, with a value where it matters: `memory`,
 * `filterLength`, `device: cpu`. Nothing else stands in backticks: the command line writes its flags there.
 */

interface Fault {
  /** What is wrong, e.g. `LINEBASES is zero`. */
  readonly what: string
  readonly expected?: string
  readonly got?: string
  /** What the user can do about it. */
  readonly remedy?: string
  readonly cause?: unknown
}

/** Where a failure is and what it was, in the words of the user's data. */
export type Problem = Fault &
  (
    | {
        /** File, record, line, offset or tensor the problem is at, e.g. `phix.fa.fai line 3`. */
        readonly where: string
        readonly option?: string
      }
    | {
        readonly where?: undefined
        /** Name of the option that cannot be met or cannot be what it is, e.g. `memory`; stands in place of `where`. */
        readonly option: string
      }
  )

export abstract class GenoconvError extends Error {
  abstract readonly tag: 'format' | 'region' | 'config' | 'shape' | 'device' | 'limit'
  readonly where: string
  /** The option at fault, by its name in the library, where it is one: `memory`, `filterLength`. */
  readonly option: string | undefined
  readonly remedy: string | undefined

  constructor(problem: Problem) {
    const { option, where = `\`${option}\``, what, expected, got, remedy, cause } = problem
    const contrast = [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(', ')
    super(
      `${where}: ${what}${contrast && `: ${contrast}`}${remedy ? `; ${remedy}` : ''}`,
      cause === undefined ? undefined : { cause },
    )
    this.name = new.target.name
    this.where = where
    this.option = option
    this.remedy = remedy
  }
}

/** A file or stream is not what its format says (FASTA, index, BED, safetensors, pickle, config.json), or cannot be read or written. */
export class FormatError extends GenoconvError {
  readonly tag = 'format'
}
/** A region that the sequence does not have. */
export class RegionError extends GenoconvError {
  readonly tag = 'region'
}
/** An option or a combination of options that cannot be; on the command line this is wrong usage (exit 2). */
export class ConfigError extends GenoconvError {
  readonly tag = 'config'
}
/** Tensors whose shapes do not fit an operation, or weights that do not fit an architecture. */
export class ShapeError extends GenoconvError {
  readonly tag = 'shape'
}
/** The compute device is missing, computes wrong, was lost, ran out of memory or refused a shader. */
export class DeviceError extends GenoconvError {
  readonly tag = 'device'
  readonly reason: 'unavailable' | 'wrong-results' | 'lost' | 'out-of-memory' | 'shader' | 'worker'
  constructor(reason: DeviceError['reason'], problem: Problem) {
    super(problem)
    this.reason = reason
  }
}
/** More memory, disk or size than the limit in force allows; `neededBytes` says how much would do. */
export class LimitError extends GenoconvError {
  readonly tag = 'limit'
  readonly neededBytes: number | undefined
  constructor(problem: Problem & { neededBytes?: number }) {
    super(problem)
    this.neededBytes = problem.neededBytes
  }
}
