import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { ConfigError } from '../../src/errors.ts'
import { homeFolder } from '../../src/io/hub/home-folder.ts'
import { type CostConstants, defaultCostConstants } from '../../src/kernels/long-conv/cost-model.ts'

/** Constants by the name of the CPU they were measured on: a cluster's nodes often share one home folder. */
type Stored = Readonly<Record<string, CostConstants>>

/** Where plans' constants come from, for people and for `planConstants`. */
export interface PlanConstants {
  readonly constants: CostConstants
  /** A file, or undefined for those the package comes with. */
  readonly path?: string
}

/** `GENOCONV_PLAN_CONSTANTS`: another file, or `default` for the package's own constants. */
const chosen = (): string | undefined => process.env['GENOCONV_PLAN_CONSTANTS'] || undefined

/** The file that `genoconv bench --calibrate` writes. */
export function planConstantsPath(): string {
  const named = chosen()
  if (named !== undefined && named !== 'default') return named
  return join(process.env['XDG_CACHE_HOME'] || join(homeFolder(), '.cache'), 'genoconv', 'plan-constants.json')
}

const machineName = (): string => cpus()[0]?.model.trim() || 'unknown CPU'

/**
 * What long convolutions are planned by on this machine: what `genoconv bench --calibrate` measured and kept, else the
 * package's constants. Never measured unasked: a plan decides how results round, and two runs must not differ by noise.
 * A folder that cannot be read (an odd HOME) has none: `onWarning` is told.
 *
 * @throws ConfigError for a file that is no such file, or one that was named and cannot be read
 */
export async function planConstants(onWarning?: (text: string) => void): Promise<PlanConstants> {
  if (chosen() === 'default') return { constants: defaultCostConstants }
  const path = planConstantsPath()
  const constants = (await readStored(path, { isNeeded: chosen() !== undefined, onWarning }))[machineName()]
  return constants ? { constants, path } : { constants: defaultCostConstants }
}

/** Keeps `constants` for this machine; gives the file's path. */
export async function keepPlanConstants(constants: CostConstants): Promise<string> {
  const path = planConstantsPath()
  const stored = { ...(await readStored(path, { isNeeded: false })), [machineName()]: constants }
  const temporary = `${path}.${process.pid}`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, `${JSON.stringify(stored, null, 2)}\n`)
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {})
    throw new ConfigError({
      where: path,
      what: `cannot be written (${(cause as { code?: string }).code})`,
      remedy: 'name another file in GENOCONV_PLAN_CONSTANTS',
      cause,
    })
  }
  return path
}

async function readStored(
  path: string,
  { isNeeded, onWarning }: { isNeeded: boolean; onWarning?: (text: string) => void },
): Promise<Stored> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    if (!isNeeded) {
      if (cause.code !== 'ENOENT')
        onWarning?.(`${path}: cannot be read (${cause.code}); plans are made by the package's constants`)
      return '{}'
    }
    throw new ConfigError({
      where: path,
      what: `cannot be read (${cause.code})`,
      remedy: 'genoconv bench with `calibrate` writes it',
      cause,
    })
  })
  try {
    const stored = JSON.parse(text) as Stored
    for (const constants of Object.values(stored)) if (!isComplete(constants)) throw new Error('a number is missing')
    return stored
  } catch (cause) {
    throw new ConfigError({
      where: path,
      what: 'damaged',
      expected: 'constants that genoconv bench with `calibrate` wrote',
      remedy: 'remove it; genoconv bench with `calibrate` writes a new one',
      cause,
    })
  }
}

/** Whether every number of the package's constants is there, and a number above 0. */
function isComplete(constants: unknown, like: object = defaultCostConstants): boolean {
  if (typeof constants !== 'object' || constants === null) return false
  return Object.entries(like).every(([name, value]) => {
    const got = (constants as Record<string, unknown>)[name]
    return typeof value === 'object'
      ? isComplete(got, value)
      : typeof got === 'number' && Number.isFinite(got) && got > 0
  })
}

/** A short name for constants that are not the package's: part of the device's description, so that runs and shards that round differently are never mixed. */
export function calibrationName({ constants, path }: PlanConstants): string | undefined {
  if (path === undefined) return undefined
  return createHash('sha256').update(JSON.stringify(constants)).digest('hex').slice(0, 8)
}
