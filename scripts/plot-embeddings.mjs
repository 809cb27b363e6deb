// Draws the embeddings of exons and introns in two dimensions (their first two principal components).
//   node scripts/plot-embeddings.mjs OUT.svg SAMPLE.fa GENES.bed [SAMPLE.fa GENES.bed ...]
// GENES.bed: BED12, exons as blocks. Exons whole, of introns the middle 500 bases, each on its gene's strand, pooled with `mean`
// by `genoconv embed` with the shipped model.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tableFromIPC } from 'apache-arrow'
import { principalComponents } from './pca.mjs'

const [out, ...samples] = process.argv.slice(2)
if (!out || samples.length === 0 || samples.length % 2 !== 0) {
  console.error('usage: node scripts/plot-embeddings.mjs OUT.svg SAMPLE.fa GENES.bed [...]')
  process.exit(2)
}
const intronBases = 500
const program = fileURLToPath(new URL('../dist/pipelines/cli/main.js', import.meta.url))

/** Lines of a BED6 with the exons and introns of the genes of a BED12; names are `<gene> <kind>`. */
function parts(genes) {
  return genes.split('\n').flatMap((line) => {
    const [contig, start, , gene, , strand, , , , , sizes, starts] = line.split('\t')
    if (!starts) return []
    const numbers = (text) => text.split(',').filter(Boolean).map(Number)
    const exons = numbers(starts).map((s, i) => [Number(start) + s, Number(start) + s + numbers(sizes)[i]])
    const introns = exons.slice(1).map(([next], i) => {
      const middle = Math.floor((exons[i][1] + next) / 2)
      const half = Math.min(intronBases, next - exons[i][1]) / 2
      return [Math.ceil(middle - half), Math.floor(middle + half)]
    })
    const row = (kind) => (part) => [contig, ...part, `${gene} ${kind}`, 0, strand].join('\t')
    return [...exons.map(row('exon')), ...introns.map(row('intron'))]
  })
}

/** [{ kind, gene, embedding }] of one sample. */
function embeddingsOf(fasta, bed, folder) {
  const [regions, arrow] = [join(folder, 'parts.bed'), join(folder, 'parts.arrow')]
  writeFileSync(regions, `${parts(readFileSync(bed, 'utf8')).join('\n')}\n`)
  execFileSync(process.execPath, [program, 'embed', fasta, '--regions', regions, '-o', arrow], { stdio: 'inherit' })
  return tableFromIPC(readFileSync(arrow))
    .toArray()
    .map(({ region, embedding }) => {
      const [gene, kind] = region.split(' ')
      return { gene, kind, embedding: embedding.toArray() }
    })
}

const folder = mkdtempSync(join(tmpdir(), 'genoconv-embeddings-'))
let rows
try {
  rows = samples.flatMap((sample, i) => (i % 2 === 0 ? embeddingsOf(sample, samples[i + 1], folder) : []))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const [x, y] = principalComponents(rows.map(({ embedding }) => embedding))

const [width, height, margin] = [640, 440, 56]
const scale = (values, from, to) => {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return (v) => from + ((v - least) / (most - least)) * (to - from)
}
const [atX, atY] = [scale(x.scores, margin + 12, width - 24), scale(y.scores, height - margin - 12, 64)]
const colours = { exon: '#d55e00', intron: '#0072b2' } // told apart by colour-blind people
const shapes = {
  exon: (cx, cy) => `<circle cx="${cx}" cy="${cy}" r="5"/>`,
  intron: (cx, cy) => `<path d="M${cx} ${cy - 5.5}l5.5 5.5-5.5 5.5-5.5-5.5z"/>`,
}
const n = (value) => Number(value.toFixed(1))
const points = rows.map(({ kind, gene }, i) => {
  const shape = shapes[kind](n(atX(x.scores[i])), n(atY(y.scores[i])))
  return `<g fill="${colours[kind]}" fill-opacity="0.75"><title>${gene} ${kind}</title>${shape}</g>`
})
const count = (kind) => rows.filter((row) => row.kind === kind).length
const percent = ({ share }) => `${(100 * share).toFixed(0)}% of the variance`
const key = Object.keys(colours).map(
  (kind, i) =>
    `<g fill="${colours[kind]}">${shapes[kind](margin + 16 + 120 * i, 44)}</g><text x="${margin + 28 + 120 * i}" y="48">${count(kind)} ${kind}s</text>`,
)
const genes = [...new Set(rows.map(({ gene }) => gene))].join(', ')
writeFileSync(
  out,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13" fill="#222">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="${margin}" y="24" font-size="15">Exons and introns of ${genes}</text>
${key.join('\n')}
<path d="M${margin} 60V${height - margin}H${width - 16}" fill="none" stroke="#999"/>
<text x="${(margin + width) / 2}" y="${height - 22}" text-anchor="middle">first component, ${percent(x)}</text>
<text x="24" y="${height / 2}" text-anchor="middle" transform="rotate(-90 24 ${height / 2})">second component, ${percent(y)}</text>
${points.join('\n')}
</svg>
`,
)
