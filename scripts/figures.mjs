// Makes the pictures of docs/figures, as `npm run figures`: the shipped model on the shipped samples, drawn by `genoconv view --svg`,
// plot-sites.mjs and plot-embeddings.mjs. screenshots.mjs makes those of pages.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'genoconv-figures-'))
const node = (args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
const genoconv = (...args) => node(['dist/pipelines/cli/main.js', ...args])
try {
  const [predictions, scored] = ['ADA.splice.arrow', 'scored.vcf'].map((name) => join(folder, name))
  genoconv('predict', 'data-samples/ADA.fa.gz', '--strand', '-', '-o', predictions)
  const genes = ['--genes', 'data-samples/ADA.bed']
  genoconv('variants', 'data-samples/ADA.fa.gz', 'data-samples/ADA.vcf', ...genes, '-o', scored)
  const figure = ['--svg', 'docs/figures/ADA.svg', '--region', '7,000-42,000']
  genoconv('view', predictions, ...genes, '--variants', scored, ...figure)
  const panels = ['MACROD2', 'SNAP25'].flatMap((gene) => {
    const predictions = join(folder, `${gene}.arrow`)
    genoconv('predict', `data-samples/${gene}.fa.gz`, '-o', predictions)
    return [predictions, `data-samples/${gene}.bed`, gene]
  })
  node(['scripts/plot-sites.mjs', 'docs/figures/splice-sites.svg', ...panels])
  const samples = ['MACROD2.fa.gz', 'SNAP25.fa.gz', 'BIRC7.fa'].flatMap((fasta) => [
    `data-samples/${fasta}`,
    `data-samples/${fasta.split('.')[0]}.bed`,
  ])
  node(['scripts/plot-embeddings.mjs', 'docs/figures/exons-introns.svg', ...samples])
} finally {
  rmSync(folder, { recursive: true, force: true })
}
