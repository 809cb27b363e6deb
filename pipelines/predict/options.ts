import { ConfigError } from '../../src/errors.ts'
import type { Genome, Region, Strand } from '../../src/genome.ts'
import type { Model, RunPlan } from '../../src/model/model.ts'
import type { ReceptiveField } from '../../src/model/receptive-field.ts'
import {
  expectChoice,
  expectFunction,
  expectMade,
  expectNumber,
  expectOptions,
  expectRegion,
  expectSignal,
  expectTexts,
  expectWhole,
  show,
} from '../../src/validate.ts'
import type { DeviceRecovery } from './recovering.ts'

export interface PredictOptions {
  /** In the order of the output; without them every record, whole. */
  readonly regions?: readonly Region[]
  /**
   * Instead of regions: parts of whole records, each given the sequence around it, with bit for bit the values that the
   * whole record has. Borders must be multiples of what `partBases` says (or the record's ends).
   */
  readonly parts?: readonly Region[]
  /** Default: each region's own strand, else `+`. With `both` tracks get the suffixes `_plus` and `_minus`. */
  readonly strand?: Strand | 'both'
  /** Real sequence given to the model on each side of a region, in bases; `full`: as much as it can see; `none`: padding. */
  readonly context?: number | 'full' | 'none'
  /** Names of the model's tracks; default: its default tracks. */
  readonly tracks?: readonly string[]
  /** Bases computed at a time; never changes the result beyond rounding. */
  readonly chunk?: number
  /** Packs of short regions that are looked at together; default: by the list. A part of a list is given that of the whole. */
  readonly packsPerGroup?: number
  /** What `planPredict` gave for the same model, genomes and options; default: planned anew. */
  readonly plan?: PredictPlan
  /** Bytes to stay within. */
  readonly memory?: number
  /** Where values that do not fit memory wait (only for the minus strand of long contigs). */
  readonly temporaryFolder?: string
  /**
   * Rows at the front of the output that are not wanted again (a resumed run): what can be
   * skipped is neither read nor computed. The other rows are bit for bit those of a whole run with the same options.
   */
  readonly doneRows?: number
  /** Told of each record or region, or piece of one, whose rows are among `doneRows`. */
  readonly onSkipped?: (region: Region) => void
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Asked, when the device fails, for what to compute the rest with; without an answer the error stands. */
  readonly onDeviceError?: DeviceRecovery
}

/** How a run is done, as data: a function of model, inputs and options alone. What is shown is what is run. */
export interface PredictPlan {
  /** Records (those without bases left out) or regions; undefined for a stream, as are their bases. */
  readonly targets: number | undefined
  readonly bases: number | undefined
  /** The same, each strand that is run counted. */
  readonly strandBases: number | undefined
  readonly tracks: readonly string[]
  /** Bytes to stay within. */
  readonly memoryBytes: number
  /** Bases of real sequence on each side of a region, as the model reads. */
  readonly context: ReceptiveField
  readonly isContextFull: boolean
  /** Bases, context or padding counted, of a pack of short regions or records; 0 where nothing is packed. */
  readonly packBases: number
  readonly packsPerGroup: number
  /** Of a windowed model: bases that stand around what is packed, of sequence or in place of it. */
  readonly padding: number
  /** The most demanding region or record that is computed alone, or would be. */
  readonly longest: RunPlan
  /** Bytes the run needs at its peak, packs included, and how it is computed, in lines for people. */
  readonly neededBytes: number
  readonly lines: readonly string[]
}

export interface Progress {
  readonly contig: string
  /** Bases computed, each strand counted; `basesTotal` is undefined for a stream. */
  readonly basesDone: number
  readonly basesTotal: number | undefined
  /** Regions, or records, that are complete, where these are counted. */
  readonly regionsDone?: number
  readonly regionsTotal?: number | undefined
}

/**
 * Checks what a caller of `predict` or `planPredict` gives, before anything is read.
 *
 * @throws ConfigError for options that cannot be, RegionError for regions that cannot be
 */
export function checkRequest(
  model: Model,
  genomes: Genome | readonly Genome[],
  options: PredictOptions,
): readonly Genome[] {
  expectMade('model', model, 'run', 'a model of loadModel')
  const inputs = Array.isArray(genomes) ? (genomes as readonly Genome[]) : [genomes as Genome]
  for (const genome of inputs) expectMade('genome', genome, 'contigs', 'a genome of openGenome, or an array of them')
  expectOptions('predict', options)
  for (const name of ['regions', 'parts'] as const) {
    const regions = options[name]
    if (regions !== undefined && !Array.isArray(regions))
      throw new ConfigError({ option: name, what: 'bad value', expected: 'an array of regions', got: show(regions) })
    for (const region of regions ?? []) expectRegion(region)
  }
  expectChoice('strand', options.strand, ['+', '-', 'both'])
  expectTexts('tracks', options.tracks)
  expectWhole('chunk', options.chunk, { least: 1 })
  expectNumber('memory', options.memory, { least: 0, most: Number.POSITIVE_INFINITY })
  expectWhole('doneRows', options.doneRows)
  for (const name of ['onProgress', 'onSkipped', 'onDeviceError'] as const) expectFunction(name, options[name])
  expectSignal(options.signal)
  return inputs
}

/** The tracks to write, checked against the model's. */
export function checkedTracks({ info }: Model, tracks: readonly string[] | undefined): readonly string[] {
  if (!tracks) return info.tracks.filter((track) => track.isDefault).map((track) => track.name)
  const names = info.tracks.map((track) => track.name)
  for (const name of tracks) {
    if (!names.includes(name))
      throw new ConfigError({
        option: 'tracks',
        what: `${info.name} has no track ${name}`,
        expected: `some of ${names.join(', ')}`,
        got: name,
      })
  }
  if (tracks.length === 0)
    throw new ConfigError({ option: 'tracks', what: 'no track is named', expected: `some of ${names.join(', ')}` })
  return [...new Set(tracks)]
}
