import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { predictionsHint, variantsHint } from '../../../pipelines/cli/view-hint.ts'
import { inFlags } from '../../../pipelines/cli/flags.ts'
import { VariantsTally } from '../../../pipelines/run/variants-tally.ts'
import { folders } from '../../support/run-program.ts'

const folder = folders()

/** The words that a shell makes of a hint, as the log prints it. */
const wordsOf = (hint: string | undefined): string[] =>
  execFileSync('/bin/sh', [
    '-c',
    `set -- ${inFlags(hint!)
      .replace(/^.*?: /, '')
      .replaceAll('&&', "'&&'")}; printf '%s\\0' "$@"`,
  ])
    .toString()
    .split('\0')
    .slice(0, -1)

const names = ["it's a file.arrow", '$HOME `region`.arrow', 'ä;b&c|"d".arrow', 'plain.arrow']

it.each(names)('%s: the shell gets the name of the file', async (name) => {
  const { path } = folder({ [name]: '', 'a b.fa': '' })
  const [output, fasta] = [join(path, name), join(path, 'a b.fa')]
  const expected = ['genoconv', 'view', output, '--fasta', fasta]
  expect(wordsOf(await predictionsHint({ inputs: [fasta] }, { output, format: 'arrow' }))).toEqual(expected)
})

it('says nothing of what `view` does not read', async () => {
  const { path } = folder({ 'a.tsv': '', 'a.fa': '' })
  const output = join(path, 'a.tsv')
  expect(await predictionsHint({ inputs: [] }, { output, format: 'tsv' })).toBeUndefined()
  expect(await predictionsHint({ inputs: [] }, { output: '-', format: 'arrows' })).toBeUndefined()
  expect(await predictionsHint({ inputs: [] }, { output: '/dev/null', format: 'arrow' })).toBeUndefined()
  const tally = new VariantsTally()
  const request = { fasta: join(path, 'a.fa'), genes: 'none', models: [] }
  expect(await variantsHint(request, { output, tally })).toBeUndefined()
})

it('inputs that are no files of this machine are left out', async () => {
  const { path } = folder({ 'a.arrow': '' })
  const output = join(path, 'a.arrow')
  for (const inputs of [['-'], ['https://host/a.fa'], ['a.fa', 'b.fa']])
    expect(wordsOf(await predictionsHint({ inputs }, { output, format: 'arrow' }))).toEqual([
      'genoconv',
      'view',
      output,
    ])
})

it('variants: a contig whose name has a colon, cut to what it has', async () => {
  const { path } = folder({ 'out.vcf': '', 'a.fa': '' })
  const output = join(path, 'out.vcf')
  const request = { fasta: join(path, 'a.fa'), genes: 'none', models: ['x'] }
  const strongest = [
    { contig: '20:5', pos: 40, ref: 'A', alt: 'C', gene: 'G', strand: '-', score: 1, effect: 'donor gain' },
  ]
  const tally = Object.assign(Object.create(VariantsTally.prototype) as VariantsTally)
  Object.defineProperty(tally, 'strongest', { value: strongest })
  const contigs = [{ name: '20:5', length: 3000 }]
  const words = wordsOf(await variantsHint(request, { output, tally, contigs }))
  expect(words.slice(4, 10)).toEqual(['x', '--region', '{20:5}:1-3000', '--strand=-', '--output', 'a.strongest.arrow'])
})
