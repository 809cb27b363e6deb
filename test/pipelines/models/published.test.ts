import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { pythonWith } from '../../support/python.ts'
import { folders, runProgram } from '../../support/run-program.ts'
import { describeShared, sharedPath } from '../../support/shared.ts'

const folder = folders()
const python = pythonWith('pyarrow, numpy')

// OpenSpliceAI's published scores of 184 sites in 13 genes, by the program as a user runs it, judged from outside.
describeShared('published scores of OpenSpliceAI', () => {
  it.skipIf(!python)(
    `13 genes of chromosome 22${python ? '' : ' (skipped: no python with pyarrow; set GENOCONV_PYTHON)'}`,
    async () => {
      const expected = sharedPath('data/openspliceai/openspliceai_chr22_20-21M_GRCh37.expected.json')
      const { genes } = JSON.parse(readFileSync(expected, 'utf8')) as {
        genes: { gene: string; strand: string; local_start0: number; local_end: number }[]
      }
      const bed = genes
        .map((g) => `22:20000001-21000000\t${g.local_start0}\t${g.local_end}\t${g.gene}\t0\t${g.strand}\n`)
        .join('')
      const { path } = folder({ 'genes.bed': bed })
      const model = sharedPath('data/openspliceai/model_10000nt_rs14.pt')
      const words = [
        'predict',
        sharedPath('data/human/chr22_20-21M.GRCh37.fa'),
        '--model',
        model,
        '--regions',
        'genes.bed',
        '--context',
        'none',
        '--device',
        'cpu',
      ]
      const outcome = await runProgram([...words, '-o', 'out.arrow'], { cwd: path })
      expect({ code: outcome.code, lines: outcome.lines }).toEqual({ code: 0, lines: outcome.lines })
      const check = spawnSync(python!, [sharedPath('check/check.py'), 'published', join(path, 'out.arrow'), expected], {
        encoding: 'utf8',
      })
      expect(check.stdout).toMatch(/^184 sites, 9[5-9]\.\d% within 1e-4/)
      expect(check.status).toBe(0)
    },
    600_000,
  )
})
