import { ConfigError, FormatError } from '../../src/errors.ts'
import type { Genome } from '../../src/genome.ts'
import type { Edit, EditedPiece } from '../../src/model/edit.ts'
import type { Model } from '../../src/model/model.ts'
import { expectNumber, expectChoice, expectWhole } from '../../src/validate.ts'
import { type Surroundings, WholeContigs } from './alleles.ts'
import { computeEdits, mostAlternateBases, mostReferenceBases, type Tracks } from './compute.ts'
import { ContigNames } from './contigs.ts'
import type { ToScore } from './groups.ts'
import type { AlleleScore, ScoredVariant, ScoreOptions, Variant } from './options.ts'
import { pangolinRule } from './pangolin-rule.ts'
import type { Rule, RuleOptions } from './rule.ts'
import { scoredVariant } from './scored-variant.ts'
import { spliceRule } from './splice-rule.ts'
import { editOf, referencePiece, shareReferences, type Task } from './windows.ts'

const defaultDistance = 50
const mostDistance = 100_000
const defaultMemoryBytes = 2 ** 32
const decoder = new TextDecoder()

/** What of an allele a rule finds, offsets from the variant's own position. */
type Found = Pick<AlleleScore, 'effects' | 'tissues'>

/** Scores alleles with a splice model, by the rule of its family. What all groups of a run share. */
export class Scorer {
  readonly around: Surroundings
  readonly #model: Model
  readonly #rule: Rule
  readonly #givesDots: boolean
  readonly #strands: WholeContigs
  readonly #memoryBytes: number
  readonly #mostBases: number

  private constructor(
    model: Model,
    rule: Rule,
    run: {
      readonly around: Surroundings
      readonly givesDots: boolean
      readonly strands: WholeContigs
      readonly memoryBytes: number
      readonly mostBases: number
    },
  ) {
    this.#model = model
    this.#rule = rule
    this.around = run.around
    this.#givesDots = run.givesDots
    this.#strands = run.strands
    this.#memoryBytes = run.memoryBytes
    this.#mostBases = run.mostBases
  }

  static async open(model: Model, genome: Genome, options: ScoreOptions): Promise<Scorer> {
    const { distance = defaultDistance, genes, transcripts = 'canonical', signal, onNote } = options
    const { info } = model
    expectWhole('distance', distance, { least: 1, most: mostDistance })
    expectChoice('mask', options.mask, ['boundary', 'sites'])
    expectChoice('mnv', options.mnv, ['scores', 'dots'])
    expectChoice('onBadVariant', options.onBadVariant, ['error', 'keep'])
    expectChoice('normalize', options.normalize, ['asis', 'left', 'trim'])
    expectNumber('memory', options.memory, { least: 1, most: Number.POSITIVE_INFINITY })
    if (options.context !== undefined)
      throw new ConfigError({
        option: 'context',
        what: `${info.name} is a splice model`,
        expected: 'a language model, or `distance`',
      })
    if (genes === undefined) throw genesNeeded()
    const halo = Math.max(info.receptiveField.left, info.receptiveField.right)
    const rule = ruleOf(model, { distance, halo, mask: options.mask })
    const memoryBytes = options.memory ?? model.backend.limits.maxTotalBytes ?? defaultMemoryBytes
    const all = await genome.contigs(signal)
    const contigs = new ContigNames(all, genome.name, onNote)
    const strands = new WholeContigs(all)
    const around: Surroundings = {
      genome,
      contigs,
      genes: genes === 'none' ? strands : contigs.index(genes, transcripts),
      compared: rule.compared,
      halo,
      mostReferenceBases: rule.mostReferenceBases,
      needsKnownBases: rule.needsKnownBases,
      signal,
      onBadVariant: options.onBadVariant,
      normalize: options.normalize,
      mostAlternateBases: mostAlternateBases(model, memoryBytes),
      listName: options.listName ?? 'the list of variants',
    }
    const mostBases = mostReferenceBases(model, distance, memoryBytes)
    return new Scorer(model, rule, { around, givesDots: options.mnv === 'dots', strands, memoryBytes, mostBases })
  }

  /** The group's variants in order, each with its alleles' scores, or why they have none. */
  score<V extends Variant>(group: readonly ToScore<V>[]): Promise<ScoredVariant<V>[]> {
    return this.#scored(group, (tasks) => this.#compare(tasks))
  }

  /** The same without anything computed: no score has values. */
  unscored<V extends Variant>(group: readonly ToScore<V>[]): Promise<ScoredVariant<V>[]> {
    return this.#scored(group, async () => new Map())
  }

  async #scored<V extends Variant>(
    group: readonly ToScore<V>[],
    compare: (tasks: readonly Task[]) => Promise<ReadonlyMap<Task, Found>>,
  ): Promise<ScoredVariant<V>[]> {
    const planned = group.map(({ examined }) =>
      examined.alleles.flatMap((allele, alleleIndex) =>
        typeof allele === 'string'
          ? []
          : this.#rule.ordered(allele.genes).map((gene) => ({
              alleleIndex,
              gene,
              task:
                this.#givesDots && this.#rule.isDots(allele)
                  ? undefined
                  : {
                      ...allele,
                      ...this.#rule.compared(allele.position, allele.refLength),
                      gene,
                      seen: this.#seen(gene),
                    },
            })),
      ),
    )
    const found = await compare(planned.flat().flatMap(({ task }) => task ?? []))
    return group.map(({ variant, examined }, i) =>
      scoredVariant(
        variant,
        examined,
        planned[i].map(
          ({ alleleIndex, gene, task }): AlleleScore => ({
            alleleIndex,
            alt: variant.alts[alleleIndex],
            gene: gene.gene,
            transcript: gene.id,
            strand: gene.strand,
            ...(task && fromPosition(found.get(task), task.position - variant.position)),
          }),
        ),
      ),
    )
  }

  #seen(gene: Task['gene']): Task['seen'] {
    if (this.#rule.masksOutside) return gene
    return this.#strands.at(gene.contig, gene.start).find(({ strand }) => strand === gene.strand)!
  }

  async #compare(tasks: readonly Task[]): Promise<ReadonlyMap<Task, Found>> {
    const { genome, signal } = this.around
    const halo = this.#model.info.receptiveField
    const { tracks } = this.#rule
    const shared = shareReferences(tasks, { halo, mostBases: this.#mostBases })
    const places: number[][] = [] // of each task's edit among those of its stretch: equal ones are computed once
    const pieces: EditedPiece[] = []
    for (const one of shared) {
      const piece = await referencePiece(genome, one, halo, signal)
      const edits: Edit[] = []
      const known = new Map<string, number>()
      places.push(
        one.tasks.map((task) => {
          const { position, refLength, alt, start, end } = task
          const key = `${position} ${refLength} ${start} ${end} ${decoder.decode(alt)}`
          const place = known.get(key) ?? edits.push(editOf(one, task)) - 1
          known.set(key, place)
          return place
        }),
      )
      pieces.push({ piece, edits })
    }
    const computed = await computeEdits(this.#model, pieces, { tracks, memoryBytes: this.#memoryBytes, signal })
    const found = new Map<Task, Found>()
    for (const [i, { strand, start, tasks: ofStretch }] of shared.entries()) {
      const reference = forward(computed[i].tracks, strand)
      const alternates = computed[i].edits.map((values) => forward(values, strand))
      for (const [k, task] of ofStretch.entries()) {
        const cut = mapped(reference, (track) => track.subarray(task.start - start, task.end - start))
        const alternate = alternates[places[i][k]]
        const change = this.#rule.compare(cut, alternate, task)
        const { effects, tissues } = change
        if ([...(effects?.scores ?? []), tissues?.gain, tissues?.loss].some(Number.isNaN)) throw this.#notANumber(task)
        found.set(task, change)
      }
    }
    return found
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

/** Pangolin's rule where the tracks are tissues', else SpliceAI's. */
function ruleOf({ info }: Model, options: RuleOptions): Rule {
  const isSplice = info.tracks.some(({ name }) => name === 'acceptor')
  return isSplice ? spliceRule(options) : pangolinRule(info, options)
}

const genesNeeded = (): ConfigError =>
  new ConfigError({
    option: 'genes',
    what: 'not given',
    expected: 'GFF3, GTF, BED12, a table in the form of SpliceAI, or none',
    remedy:
      'GENCODE has its GFF3 at https://www.gencodegenes.org, Ensembl at https://ftp.ensembl.org/pub/current_gff3/homo_sapiens/; `genes: none` scores both strands without genes',
  })

/** Offsets from a position `shift` bases before the one they were counted from. */
function fromPosition(found: Found | undefined, shift: number): Found {
  if (!found) return {}
  if (shift === 0) return found
  const { effects, tissues } = found
  if (effects)
    return {
      effects: {
        ...effects,
        offsets: effects.offsets.map((offset) => offset + shift) as unknown as typeof effects.offsets,
      },
    }
  if (!tissues) return found
  const moved = <T extends { gainOffset: number; lossOffset: number }>(one: T): T => ({
    ...one,
    gainOffset: one.gainOffset + shift,
    lossOffset: one.lossOffset + shift,
  })
  return { tissues: { ...moved(tissues), byTissue: tissues.byTissue.map(moved) } }
}

const mapped = (tracks: Tracks, change: (track: Float32Array) => Float32Array): Tracks =>
  Object.fromEntries(Object.entries(tracks).map(([name, track]) => [name, change(track)]))

/** Values along the forward strand. */
const forward = (tracks: Tracks, strand: '+' | '-'): Tracks =>
  strand === '+' ? tracks : mapped(tracks, (track) => track.toReversed())
