import { FormatError } from '../../src/errors.ts'
import type { Contig } from '../../src/genome.ts'
import { nameSome } from '../../src/io/fasta/names.ts'
import { GeneIndex } from '../../src/io/variants/annotation/gene-index.ts'
import type { Annotation } from '../../src/io/variants/annotation/read-genes.ts'
import {
  chooseTranscripts,
  type Transcript,
  type TranscriptChoice,
} from '../../src/io/variants/annotation/transcript.ts'
import { matchContig } from '../../src/io/variants/contig-names.ts'

/** The genome's contigs under their own names and, with `chr` put before or taken off, under those of other files. */
export class ContigNames {
  readonly #contigs: ReadonlyMap<string, Contig>
  readonly #found = new Map<string, Contig | undefined>()
  readonly #genomeName: string
  readonly #onNote: (text: string) => void
  readonly #saidOf = new Set<string>()

  constructor(contigs: readonly Contig[], genomeName: string, onNote: (text: string) => void = () => {}) {
    this.#contigs = new Map(contigs.map((contig) => [contig.name, contig]))
    this.#genomeName = genomeName
    this.#onNote = onNote
  }

  /** The contig that a file calls `name`; undefined where the genome has none. */
  find(name: string, file: string): Contig | undefined {
    const key = `${file}\n${name}`
    if (this.#found.has(key)) return this.#found.get(key)
    const known = matchContig(name, this.#contigs)
    const contig = known === undefined ? undefined : this.#contigs.get(known)
    this.#found.set(key, contig)
    if (contig && contig.name !== name)
      this.#sayOnce(`${file} match`, `${file} says ${name} where ${this.#genomeName} says ${contig.name}: matched`)
    if (!contig && name !== '')
      // a bad record that is kept has no name
      this.#sayOnce(`${file} missing ${name}`, `${file} has contig ${name}, which ${this.#genomeName} lacks`)
    return contig
  }

  #sayOnce(key: string, text: string): void {
    if (this.#saidOf.has(key)) return
    this.#saidOf.add(key)
    this.#onNote(text)
  }

  /**
   * The chosen transcripts under the genome's contig names; those on contigs that it lacks are left out, which is said
   * once. FormatError where there are none at all, and where one ends beyond its contig.
   */
  index(annotation: Annotation, choice: TranscriptChoice): GeneIndex {
    return new GeneIndex(this.transcripts(annotation, choice))
  }

  /** The same as a list, in the order of the file. */
  transcripts(annotation: Annotation, choice: TranscriptChoice): readonly Transcript[] {
    const chosen = chooseTranscripts(annotation.transcripts, choice)
    if (chosen.length === 0)
      throw new FormatError({ where: annotation.name, what: 'none of the transcripts asked for is in the annotation' })
    const missing = new Set<string>()
    const matched = chosen.flatMap((transcript) => {
      const alias = annotation.contigAliases.get(transcript.contig)
      const known =
        matchContig(transcript.contig, this.#contigs) ??
        (alias === undefined ? undefined : matchContig(alias, this.#contigs))
      const contig = known === undefined ? undefined : this.#contigs.get(known)
      if (!contig) {
        missing.add(transcript.contig)
        return []
      }
      if (transcript.end > contig.length)
        throw new FormatError({
          where: annotation.name,
          what: `${transcript.gene} ends beyond its contig: is the annotation of another assembly?`,
          expected: `at most ${contig.length}, the length of ${contig.name} in ${this.#genomeName}`,
          got: `${transcript.end}`,
        })
      if (contig.name !== transcript.contig)
        this.#sayOnce(
          `${annotation.name} match`,
          `${annotation.name} says ${transcript.contig} where ${this.#genomeName} says ${contig.name}: matched`,
        )
      return [{ ...transcript, contig: contig.name }]
    })
    if (matched.length === 0)
      throw new FormatError({
        where: annotation.name,
        what: `no gene on any contig of ${this.#genomeName}`,
        expected: nameSome([...this.#contigs.keys()]),
        got: nameSome([...missing]),
        remedy: 'give the annotation of this assembly',
      })
    if (missing.size > 0)
      this.#sayOnce(
        `${annotation.name} missing`,
        `${annotation.name} has genes on ${missing.size === 1 ? 'a contig' : `${missing.size} contigs`} that ${this.#genomeName} lacks: ${[...missing].slice(0, 3).join(', ')}${missing.size > 3 ? ', …' : ''}`,
      )
    return matched
  }
}
