// Makes the README's pictures: the shipped model on the shipped samples, through the program, then plot-sites.mjs and plot-embeddings.mjs.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'genoconv-figures-'))
const node = (args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
try {
  const panels = ['MACROD2', 'SNAP25'].flatMap((gene) => {
    const predictions = join(folder, `${gene}.arrow`)
    node(['dist/pipelines/cli/main.js', 'predict', `data-samples/${gene}.fa.gz`, '-o', predictions])
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
