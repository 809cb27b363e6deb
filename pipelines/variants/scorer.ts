import { ConfigError, FormatError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import type { Model, Piece } from '../../src/model/model.ts'
import { expectChoice, expectNumber, expectWhole } from '../../src/validate.ts'
import { type Scorable, type Surroundings, WholeContigs } from './alleles.ts'
import { computePieces, mostAlternateBases, mostReferenceBases } from './compute.ts'
import { ContigNames } from './contigs.ts'
import type { ToScore } from './groups.ts'
import type { AlleleScore, Effects, ScoredVariant, ScoreOptions, Variant } from './options.ts'
import { alignToReference, effectsOf, type SiteTracks } from './scores.ts'
import { GeneSequence, shareReferences, type Task } from './windows.ts'

const defaultDistance = 50
const mostDistance = 100_000
const defaultMemoryBytes = 2 ** 32

/** What all groups of a run share. */
export class Scorer {
  readonly around: Surroundings
  readonly #model: Model
  readonly #options: ScoreOptions
  readonly #memoryBytes: number
  readonly #mostBases: number

  private constructor(model: Model, options: ScoreOptions, around: Surroundings, memoryBytes: number) {
    this.around = around
    this.#model = model
    this.#options = options
    this.#memoryBytes = memoryBytes
    this.#mostBases = mostReferenceBases(model, around.distance, memoryBytes)
  }

  static async open(model: Model, genome: Genome, options: ScoreOptions): Promise<Scorer> {
    const { distance = defaultDistance, genes, transcripts = 'canonical', signal, onNote } = options
    const { info } = model
    if (info.family !== 'splice')
      throw new ConfigError({ where: info.name, what: 'not a splice model', expected: 'a splice model' })
    expectWhole('distance', distance, { least: 1, most: mostDistance })
    expectChoice('mask', options.mask, ['boundary', 'sites'])
    expectChoice('mnv', options.mnv, ['scores', 'dots'])
    expectChoice('onBadVariant', options.onBadVariant, ['error', 'keep'])
    expectChoice('normalize', options.normalize, ['asis', 'left', 'trim'])
    expectNumber('memory', options.memory, { least: 1, most: Number.POSITIVE_INFINITY })
    const memoryBytes = options.memory ?? model.backend.limits.maxTotalBytes ?? defaultMemoryBytes
    const all = await genome.contigs(signal)
    const contigs = new ContigNames(all, genome.name, onNote)
    const around: Surroundings = {
      genome,
      contigs,
      genes: genes === 'none' ? new WholeContigs(all) : contigs.index(genes, transcripts),
      distance,
      halo: Math.max(info.receptiveField.left, info.receptiveField.right),
      signal,
      onBadVariant: options.onBadVariant,
      normalize: options.normalize,
      mostAlternateBases: mostAlternateBases(model, memoryBytes),
      listName: options.listName ?? 'the list of variants',
    }
    return new Scorer(model, options, around, memoryBytes)
  }

  /** The group's variants in order, each with its alleles' scores, or why they have none. */
  score<V extends Variant>(group: readonly ToScore<V>[]): Promise<ScoredVariant<V>[]> {
    return this.#scored(group, (tasks) => this.#effects(tasks))
  }

  /** The same without anything computed: every `effects` is undefined. */
  unscored<V extends Variant>(group: readonly ToScore<V>[]): Promise<ScoredVariant<V>[]> {
    return this.#scored(group, async () => new Map())
  }

  async #scored<V extends Variant>(
    group: readonly ToScore<V>[],
    effectsOfAll: (tasks: readonly Task[]) => Promise<ReadonlyMap<Task, Effects>>,
  ): Promise<ScoredVariant<V>[]> {
    const planned = group.map(({ examined }) =>
      examined.alleles.flatMap((allele, alleleIndex) =>
        typeof allele === 'string'
          ? []
          : allele.genes.map((gene) => ({
              alleleIndex,
              gene,
              task: this.#isDots(allele) ? undefined : { ...allele, gene },
            })),
      ),
    )
    const effects = await effectsOfAll(planned.flat().flatMap(({ task }) => task ?? []))
    return group.map(({ variant, examined }, i) => ({
      variant,
      scores: planned[i].map(
        ({ alleleIndex, gene, task }): AlleleScore => ({
          alleleIndex,
          alt: variant.alts[alleleIndex],
          gene: gene.gene,
          transcript: gene.id,
          strand: gene.strand,
          effects: task && fromPosition(effects.get(task), task.position - variant.position),
        }),
      ),
      skipped: examined.alleles.flatMap((reason, k) =>
        typeof reason === 'string' ? { alt: variant.alts[k], reason } : [],
      ),
    }))
  }

  #isDots({ refLength, alt }: Scorable): boolean {
    return this.#options.mnv === 'dots' && refLength > 1 && alt.length > 1
  }

  async #effects(tasks: readonly Task[]): Promise<ReadonlyMap<Task, Effects>> {
    const { distance, genome, signal } = this.around
    const halo = this.#model.info.receptiveField
    const wanted = new Map<string, Piece>()
    const want = ({ piece, key }: { piece: Piece; key: string }): string => {
      if (!wanted.has(key)) wanted.set(key, piece)
      return key
    }
    const shared = shareReferences(tasks, { distance, halo, mostBases: this.#mostBases })
    const keys: { reference: string; alternates: string[] }[] = []
    for (const one of shared) {
      const sequence = await GeneSequence.read(genome, one, halo, signal)
      keys.push({
        reference: want(sequence.reference()),
        alternates: one.tasks.map((task) => want(sequence.alternate(task, distance))),
      })
    }
    const computed = await computePieces(this.#model, [...wanted.values()], { memoryBytes: this.#memoryBytes, signal })
    const values = new Map([...wanted.keys()].map((key, i) => [key, computed[i]]))
    const effects = new Map<Task, Effects>()
    for (const [i, { gene, start, tasks: ofGene }] of shared.entries()) {
      const reference = forward(values.get(keys[i].reference)!, gene.strand)
      for (const [k, task] of ofGene.entries()) {
        const alternate = forward(values.get(keys[i].alternates[k])!, gene.strand)
        const from = task.position - distance - start
        const cut = (track: Float32Array): Float32Array => track.subarray(from, from + 2 * distance + 1)
        const align = (track: Float32Array): Float32Array =>
          alignToReference(track, distance, task.refLength, task.alt.length)
        const found = effectsOf(
          { acceptor: cut(reference.acceptor), donor: cut(reference.donor) },
          { acceptor: align(alternate.acceptor), donor: align(alternate.donor) },
          { position: task.position, distance, gene, mask: this.#options.mask },
        )
        if (found.scores.some(Number.isNaN)) throw this.#notANumber(task)
        effects.set(task, found)
      }
    }
    return effects
  }

  #notANumber({ gene, position }: Task): FormatError {
    return new FormatError({
      where: `${gene.contig}:${position + 1}`,
      what: `${this.#model.info.name} gives a value that is no number`,
      expected: 'probabilities',
      remedy: 'check the weights',
    })
  }
}

/** Offsets from a position `shift` bases before the one they were counted from. */
const fromPosition = (effects: Effects | undefined, shift: number): Effects | undefined =>
  shift === 0 || !effects
    ? effects
    : { ...effects, offsets: effects.offsets.map((offset) => offset + shift) as unknown as Effects['offsets'] }

/** Values along the forward strand. */
function forward({ acceptor, donor }: SiteTracks, strand: '+' | '-'): SiteTracks {
  return strand === '+' ? { acceptor, donor } : { acceptor: acceptor.toReversed(), donor: donor.toReversed() }
}
