import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pythonWith } from '../../support/python.ts'
import { folders, runProgram } from '../../support/run-program.ts'
import { describeShared, sharedPath } from '../../support/shared.ts'

const folder = folders()
const python = pythonWith('numpy')
const data = (name: string): string => sharedPath(`data/variants/${name}`)
const fasta = sharedPath('data/human/chr20.GRCh37.fa.gz')
const openSplice = (context: number): string[] => ['-m', sharedPath(`data/openspliceai/model_${context}nt_rs14.pt`)]

/** Runs the program; what the check from outside says of its output. */
async function check(
  words: readonly string[],
  expected: string,
  options: { input: string; tolerance?: string },
): Promise<string> {
  const { path } = folder()
  const { code, lines } = await runProgram(['variants', ...words, '--device', 'cpu', '-o', 'out.vcf'], { cwd: path })
  expect({ code, lines }).toEqual({ code: 0, lines })
  const given = [join(path, 'out.vcf'), expected, options.tolerance ?? '1e-4', '--input', options.input]
  const outcome = spawnSync(python!, [sharedPath('check/check.py'), 'variants', ...given], { encoding: 'utf8' })
  expect(outcome.stderr).toBe('')
  expect(outcome.status).toBe(0)
  return outcome.stdout
}

/** A VCF's header and every `step`th record, with the expected scores of these. */
function thinned(vcf: string, expected: string, step: number): { files: Record<string, string> } {
  const lines = readFileSync(vcf, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const head = lines.filter((line) => line.startsWith('#'))
  const rows = lines.filter((line) => !line.startsWith('#'))
  const json = JSON.parse(readFileSync(expected, 'utf8')) as { records: unknown[] }
  const isKept = (_: unknown, i: number): boolean => i % step === 0
  return {
    files: {
      'in.vcf': `${[...head, ...rows.filter(isKept)].join('\n')}\n`,
      'expected.json': JSON.stringify({ ...json, records: json.records.filter(isKept) }),
    },
  }
}

describeShared(`variants scored by other programs${python ? '' : ' (skipped: no python with numpy)'}`, () => {
  const vcf = data('chr20.variants.vcf')
  it.skipIf(!python).each([
    [50, 0],
    [50, 1],
    [500, 0],
    [500, 1],
  ])(
    'OpenSpliceAI, context 80: 201 records, distance %i, mask %i',
    async (distance, mask) => {
      const words = [fasta, vcf, '--genes', data('chr20.genes.gff3'), ...openSplice(80), '-D', `${distance}`]
      const expected = data(`expected/openspliceai-80.D${distance}.M${mask}.json`)
      expect(await check([...words, ...(mask ? ['--mask'] : [])], expected, { input: vcf })).toMatch(
        /201 records, 20[68] scores .*records unchanged: True/,
      )
    },
    120_000,
  )
  it.skipIf(!python)(
    'OpenSpliceAI, context 10,000: every eighth record',
    async () => {
      const { path } = folder(thinned(vcf, data('expected/openspliceai-10000.D50.M0.json'), 8).files)
      const input = join(path, 'in.vcf')
      const words = [fasta, input, '--genes', data('chr20.genes.txt'), ...openSplice(10000)]
      await check(words, join(path, 'expected.json'), { input })
    },
    300_000,
  )
  const five = [1, 2, 3, 4, 5].flatMap((k) => ['-m', sharedPath(`data/spliceai/spliceai${k}.h5`)])
  it("SpliceAI, all five networks: its own test's strings", async () => {
    const { path } = folder()
    const [vcf, genes] = [data('spliceai-test/test.vcf'), data('spliceai-test/genes.txt')]
    const words = ['variants', data('spliceai-test/test.fa'), vcf, '--genes', genes, '-D', '500', ...five]
    const { code, lines } = await runProgram([...words, '--device', 'cpu', '-o', 'out.vcf'], { cwd: path })
    expect({ code, lines }).toEqual({ code: 0, lines })
    const rows = readFileSync(join(path, 'out.vcf'), 'utf8').match(/(?<=GENOCONV=)C\|.*|(?<=GENOCONV=)T\|.*/g)
    const strings = ['C|TUBB8|0.15|0.27|0.00|0.05|89|-23|-267|193', 'T|TUBB8|0.01|0.18|0.15|0.62|-2|110|-190|0']
    expect(rows).toEqual([...strings, ...strings])
  }, 300_000)
  it.skipIf(!python)(
    'SpliceAI, all five networks: every twentieth record',
    async () => {
      const { path } = folder(thinned(vcf, data('expected/spliceai.D50.M1.json'), 20).files)
      const input = join(path, 'in.vcf')
      const words = [fasta, input, '--genes', data('chr20.genes.txt'), '--mask', ...five]
      await check(words, join(path, 'expected.json'), { input })
    },
    300_000,
  )
  it.skipIf(!python)(
    "a contig's ends, two genes over them",
    async () => {
      const ends = data('chr22.ends.vcf')
      const words = [sharedPath('data/human/chr22_20-21M.GRCh37.fa'), ends, '--genes', data('chr22.ends.genes.txt')]
      await check([...words, ...openSplice(80)], data('expected/chr22.ends.openspliceai-80.D50.M0.json'), {
        input: ends,
      })
    },
    120_000,
  )
})
