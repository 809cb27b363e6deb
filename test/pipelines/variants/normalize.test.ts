import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { alignLeft, type Change, trim } from '../../../pipelines/variants/normalize.ts'
import { memoryGenome } from '../../support/memory-genome.ts'

// Repeats of one, two and three bases, some from the contig's start and to its end.
const sequence = `AAAAAAAACGTTTTTTTGCACACACACACATGGGGCAGCAGCAGCAGT${'AC'.repeat(300)}GGATTTTTT`
const genome = memoryGenome({ c: sequence })
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const change = (position: number, ref: string, alt: string): Change => ({
  position,
  ref: encode(ref),
  alt: encode(alt),
})
const shown = ({ position, ref, alt }: Change): string =>
  `${position} ${new TextDecoder().decode(ref)}>${new TextDecoder().decode(alt)}`

/** Insertions, deletions and replacements in every place, of bases from the repeats. */
function changes(): Change[] {
  const found: Change[] = []
  for (let position = 0; position + 8 < sequence.length; position += position > 60 ? 13 : 1) {
    for (const length of [1, 2, 3, 5]) {
      const ref = sequence.slice(position, position + length)
      for (const alt of [
        sequence[position],
        ref + ref,
        `${ref}A`,
        `${ref[0]}T${ref.slice(1)}`,
        `${ref}CA`,
        'T'.repeat(length),
        `${ref.slice(0, -1)}G`,
      ])
        if (alt !== ref) found.push(change(position, ref, alt))
    }
  }
  return found
}

/** The sequence with the change in it. */
const applied = ({ position, ref, alt }: Change): string =>
  sequence.slice(0, position) + new TextDecoder().decode(alt) + sequence.slice(position + ref.length)

describe('an allele in another form', () => {
  it('trimmed: the suffix, then the prefix, one base stays', () => {
    const cases: [Change, string][] = [
      [change(5, 'CAG', 'CAT'), '7 G>T'],
      [change(5, 'CAG', 'CTG'), '6 A>T'],
      [change(5, 'CAAA', 'CAA'), '5 CA>C'],
      [change(5, 'CAA', 'CAAA'), '5 C>CA'],
      [change(5, 'TCA', 'GCA'), '5 T>G'],
      [change(5, 'C', 'C'), '5 C>C'],
      [change(5, 'CAT', 'GG'), '5 CAT>GG'],
    ]
    for (const [given, expected] of cases) expect(shown(trim(given))).toBe(expected)
  })
  it('always the same sequence, and never a longer allele', async () => {
    for (const given of changes()) {
      const left = await alignLeft(given, { genome, contig: 'c' })
      expect(applied(trim(given))).toBe(applied(given))
      expect(applied(left)).toBe(applied(given))
      expect(left.position).toBeLessThanOrEqual(trim(given).position)
    }
  })
  it('to the left as bcftools norm has it', async () => {
    if (spawnSync('bcftools', ['--version']).status !== 0) {
      console.log('bcftools is not here: its normal form was not compared')
      return
    }
    const path = mkdtempSync(join(tmpdir(), 'genoconv-norm-'))
    try {
      writeFileSync(join(path, 'a.fa'), `>c\n${sequence}\n`)
      const given = changes()
      const lines = given.map(({ position, ref, alt }, i) =>
        ['c', position + 1, `v${i}`, new TextDecoder().decode(ref), new TextDecoder().decode(alt), '.', '.', '.'].join(
          '\t',
        ),
      )
      const header = `##fileformat=VCFv4.2\n##contig=<ID=c,length=${sequence.length}>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n`
      writeFileSync(join(path, 'a.vcf'), `${header}${lines.join('\n')}\n`)
      const norm = spawnSync('bcftools', ['norm', '-f', join(path, 'a.fa'), join(path, 'a.vcf')], { encoding: 'utf8' })
      expect(norm.status).toBe(0)
      const expected = new Map(
        norm.stdout
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('#'))
          .map((line) => line.split('\t'))
          .map(([, pos, id, ref, alt]) => [id, `${Number(pos) - 1} ${ref}>${alt}`]),
      )
      expect(expected.size).toBe(given.length)
      for (const [i, one] of given.entries())
        expect(`${shown(one)} is ${shown(await alignLeft(one, { genome, contig: 'c' }))}`).toBe(
          `${shown(one)} is ${expected.get(`v${i}`)}`,
        )
    } finally {
      rmSync(path, { recursive: true })
    }
  })
})
