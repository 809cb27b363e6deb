import { ConfigError, FormatError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import { reverseComplement } from '../../src/io/fasta/alphabet.ts'
import type { Model, Piece } from '../../src/model/model.ts'
import { baseIndex } from '../../src/model/alphabet.ts'
import { expectChoice, expectNumber, expectWhole } from '../../src/validate.ts'
import { type Scorable, type Surroundings, WholeContigs } from './alleles.ts'
import { ContigNames } from './contigs.ts'
import type { ToScore } from './groups.ts'
import type { LikelihoodRatio, ScoredVariant, ScoreOptions, Variant } from './options.ts'
import { scoredVariant } from './scored-variant.ts'

const defaultMemoryBytes = 2 ** 32
/** REFs and ALTs up to this length are scored with any context. */
const alwaysScoredBases = 1_000
/** Bases that are queued together. */
const packBases = 65_536
const track = 'log_likelihood'
const decoder = new TextDecoder()

/** A sequence to be read one way, and from where on its likelihood counts. */
interface Reading {
  readonly bases: Uint8Array
  /** First position whose base may differ between REF and ALT, or what comes before it. */
  readonly from: number
}

/**
 * Scores alleles with a language model: the natural log of the likelihood of the stretch from `context` bases before REF to as
 * many after it (less at a contig's end) with ALT, less that with REF; along the forward strand and along the reverse
 * complement. A causal model gives bases before the allele the same likelihood with both: only those from it on are summed.
 */
export class LikelihoodScorer {
  readonly around: Surroundings
  readonly #model: Model
  readonly #context: number
  readonly #memoryBytes: number

  private constructor(model: Model, around: Surroundings, context: number, memoryBytes: number) {
    this.#model = model
    this.around = around
    this.#context = context
    this.#memoryBytes = memoryBytes
  }

  static async open(model: Model, genome: Genome, options: ScoreOptions): Promise<LikelihoodScorer> {
    const { info } = model
    const { signal, onNote, genes = 'none' } = options
    expectWhole('context', options.context, { least: 1 })
    expectChoice('onBadVariant', options.onBadVariant, ['error', 'keep'])
    expectChoice('normalize', options.normalize, ['asis', 'left', 'trim'])
    expectNumber('memory', options.memory, { least: 1, most: Number.POSITIVE_INFINITY })
    if (options.mask !== undefined)
      throw new ConfigError({ option: 'mask', what: `${info.name} is a language model: it knows no splice sites` })
    if (genes !== 'none') onNote?.(`${info.name} is a language model: the genes of ${genes.name} are not used`)
    const context = options.context ?? Math.floor(((info.trainedBases ?? 1) - 1) / 2)
    const memoryBytes = options.memory ?? model.backend.limits.maxTotalBytes ?? defaultMemoryBytes
    const length = 2 * context + 1
    model.plan({ tracks: [track], length, leftContext: 0, rightContext: 0, memoryBytes }) // LimitError where it does not fit
    const all = await genome.contigs(signal)
    const most = Math.max(alwaysScoredBases, length)
    const around: Surroundings = {
      genome,
      contigs: new ContigNames(all, genome.name, onNote),
      genes: new WholeContigs(all, ['+']),
      compared: (position, refLength) => ({ start: position, end: position + refLength }),
      halo: 0,
      mostReferenceBases: most,
      needsKnownBases: false,
      mostAlternateBases: most,
      signal,
      onBadVariant: options.onBadVariant,
      normalize: options.normalize,
      listName: options.listName ?? 'the list of variants',
    }
    return new LikelihoodScorer(model, around, context, memoryBytes)
  }

  /** The group's variants in order, each with its alleles' scores, or why they have none. */
  score<V extends Variant>(group: readonly ToScore<V>[]): Promise<ScoredVariant<V>[]> {
    return this.#scored(group, (readings) => this.#likelihoods(readings))
  }

  /** The same without anything computed: no score has values. */
  unscored<V extends Variant>(group: readonly ToScore<V>[]): Promise<ScoredVariant<V>[]> {
    return this.#scored(group, async () => new Map())
  }

  async #scored<V extends Variant>(
    group: readonly ToScore<V>[],
    likelihoodsOf: (readings: ReadonlyMap<string, Reading>) => Promise<ReadonlyMap<string, number>>,
  ): Promise<ScoredVariant<V>[]> {
    // 1. what is to be read, each text once: both ways, with REF and with every ALT
    const readings = new Map<string, Reading>()
    const want = (key: string, make: () => Reading): string => {
      if (!readings.has(key)) readings.set(key, make())
      return key
    }
    const planned: { alleleIndex: number; contig: string; allele: Scorable; keys: string[] }[][] = []
    for (const { examined } of group) {
      const alleles: (typeof planned)[number] = []
      for (const [alleleIndex, allele] of examined.alleles.entries()) {
        if (typeof allele === 'string') continue
        const { name: contig, length } = examined.contig!
        const { position, refLength, alt } = allele
        const [start, refEnd] = [Math.max(0, position - this.#context), position + refLength]
        const end = Math.min(length, refEnd + this.#context)
        const letters = await this.around.genome.read({ contig, start, end }, this.around.signal)
        const [head, tail] = [letters.subarray(0, position - start), letters.subarray(refEnd - start)]
        const place = `${contig} ${position} ${refLength}`
        const both = (text: string, bases: () => Uint8Array): string[] => [
          want(`+ ${place} ${text}`, () => ({ bases: bases(), from: head.length })),
          want(`- ${place} ${text}`, () => ({ bases: reverseComplement(bases()), from: tail.length })),
        ]
        const keys = [...both('', () => letters), ...both(decoder.decode(alt), () => joined(head, alt, tail))]
        alleles.push({ alleleIndex, contig, allele, keys })
      }
      planned.push(alleles)
    }
    // 2. their likelihoods
    const found = await likelihoodsOf(readings)
    // 3. ALT less REF
    return group.map(({ variant, examined }, i) =>
      scoredVariant(
        variant,
        examined,
        planned[i].map(({ alleleIndex, contig, allele, keys }) => {
          const [refPlus, refMinus, altPlus, altMinus] = keys.map((key) => found.get(key))
          const likelihood = refPlus === undefined ? undefined : ratio(altPlus! - refPlus, altMinus! - refMinus!)
          if (likelihood && Number.isNaN(likelihood.mean)) throw this.#notANumber(contig, allele.position)
          const common = { gene: '.', transcript: undefined, strand: '+' as const }
          return { alleleIndex, alt: variant.alts[alleleIndex], ...common, likelihood }
        }),
      ),
    )
  }

  async #likelihoods(readings: ReadonlyMap<string, Reading>): Promise<ReadonlyMap<string, number>> {
    const sums = new Map<string, number>()
    let previous: (() => Promise<void>) | undefined
    for (const pack of packsOf([...readings])) {
      this.around.signal?.throwIfAborted()
      const pieces = pack.map(
        ([, { bases }]): Piece => ({ bases, leftContext: 0, length: bases.length, rightContext: 0 }),
      )
      // A pack is queued before the last one's values are awaited.
      const computed = this.#model.runPieces(pieces, { tracks: [track], memoryBytes: this.#memoryBytes })
      computed.catch(() => {}) // reported when it is awaited
      await previous?.()
      previous = async () => {
        for (const [i, values] of (await computed).entries()) sums.set(pack[i][0], summed(values[track], pack[i][1]))
      }
    }
    await previous?.()
    return sums
  }

  #notANumber(contig: string, position: number): FormatError {
    return new FormatError({
      where: `${contig}:${position + 1}`,
      what: `${this.#model.info.name} gives a value that is no number`,
      expected: 'log-likelihoods',
      remedy: 'check the weights',
    })
  }
}

const ratio = (plus: number, minus: number): LikelihoodRatio => ({ plus, minus, mean: (plus + minus) / 2 })

/** Sum from `from` on, in float64, of what has a value: not the first base, nor those that are none of A, C, G, T. */
function summed(values: Float32Array, { bases, from }: Reading): number {
  let sum = 0
  for (let t = Math.max(1, from); t < values.length; t++) if (baseIndex[bases[t]] >= 0) sum += values[t]
  return sum
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function* packsOf(readings: readonly [string, Reading][]): Generator<[string, Reading][]> {
  let pack: [string, Reading][] = []
  let bases = 0
  for (const reading of readings) {
    if (pack.length > 0 && bases + reading[1].bases.length > packBases) {
      yield pack
      pack = []
      bases = 0
    }
    pack.push(reading)
    bases += reading[1].bases.length
  }
  if (pack.length > 0) yield pack
}
