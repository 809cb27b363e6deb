// Draws predicted splice sites against annotated exons, and says how many annotated sites stand among the top predictions.
//   node scripts/plot-sites.mjs OUT.svg PREDICTIONS.arrow GENES.bed GENE [PREDICTIONS.arrow GENES.bed GENE ...]
// PREDICTIONS: `genoconv predict SAMPLE --region ...` or of a whole record, forward coordinates as in GENES.bed (BED12, exons as blocks);
// of a gene on the minus strand made with `--strand -`. A panel a gene.
import { readFileSync, writeFileSync } from 'node:fs'
import { tableFromIPC } from 'apache-arrow'
import * as vega from 'vega'

const [out, ...rest] = process.argv.slice(2)
if (!out || rest.length === 0 || rest.length % 3 !== 0) {
  console.error('usage: node scripts/plot-sites.mjs OUT.svg PREDICTIONS.arrow GENES.bed GENE [...]')
  process.exit(2)
}
const shownFrom = 0.1

/** { contig, start, end, strand, exons: [start, end)[] } of one gene of a BED12. */
function readGene(path, name) {
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const f = line.split('\t')
    if (f[3] !== name) continue
    const numbers = (text) => text.split(',').filter(Boolean).map(Number)
    const start = Number(f[1])
    const sizes = numbers(f[10])
    return {
      contig: f[0],
      start,
      end: Number(f[2]),
      strand: f[5],
      exons: numbers(f[11]).map((s, i) => [start + s, start + s + sizes[i]]),
    }
  }
  throw new Error(`${path}: no gene ${name}`)
}

/** Annotated sites: acceptor = first base of an exon, donor = last base, in the direction of transcription. */
function annotated({ exons, strand }) {
  const inner = exons.slice(1).map(([s]) => s)
  const outer = exons.slice(0, -1).map(([, e]) => e - 1)
  return strand === '+' ? { acceptor: inner, donor: outer } : { acceptor: outer, donor: inner }
}

function panel(arrow, bed, name) {
  const gene = readGene(bed, name)
  const table = tableFromIPC(readFileSync(arrow))
  const positions = table.getChild('position').toArray()
  const sites = annotated(gene)
  const points = []
  const found = {}
  for (const kind of ['acceptor', 'donor']) {
    const values = table.getChild(kind).toArray()
    const rows = []
    for (let i = 0; i < positions.length; i++) if (positions[i] >= gene.start && positions[i] < gene.end) rows.push(i)
    const truth = new Set(sites[kind])
    for (const i of rows)
      if (values[i] >= shownFrom || truth.has(positions[i]))
        points.push({ kind, x: positions[i] / 1000, p: values[i], annotated: truth.has(positions[i]) })
    rows.sort((a, b) => values[b] - values[a])
    found[kind] = rows.slice(0, truth.size).filter((i) => truth.has(positions[i])).length
  }
  const count = sites.acceptor.length
  console.log(
    `${name}: among the top ${count} predictions of ${(gene.end - gene.start).toLocaleString('en')} positions stand ${found.acceptor} of ${count} annotated acceptors and ${found.donor} of ${count} annotated donors`,
  )
  return {
    name,
    gene,
    points,
    title: `${name} (${gene.strand} strand): ${found.acceptor} of ${count} acceptors, ${found.donor} of ${count} donors among the top ${count}`,
  }
}

const colours = { acceptor: '#2166ac', donor: '#b2182b' }
const width = 860
const height = 150
function marks({ gene, points }) {
  const x = { scale: 'x', field: 'x' }
  return {
    scales: [
      { name: 'x', type: 'linear', range: [0, width], domain: [gene.start / 1000, gene.end / 1000], nice: false },
      { name: 'y', type: 'linear', range: [height, 0], domain: [-1, 1] },
    ],
    data: [
      { name: 'points', values: points.map((d) => ({ ...d, y: d.kind === 'acceptor' ? d.p : -d.p })) },
      { name: 'exons', values: gene.exons.map(([s, e]) => ({ s: s / 1000, e: e / 1000 })) },
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        title: `position in ${gene.contig} (kb)`,
        tickCount: 10,
        titleFontWeight: 'normal',
      },
      {
        orient: 'left',
        scale: 'y',
        values: [-1, -0.5, 0, 0.5, 1],
        labelExpr: 'format(abs(datum.value), ".1f")',
        title: 'donor | acceptor',
        titleFontWeight: 'normal',
      },
    ],
    marks: [
      {
        type: 'rule',
        encode: {
          enter: { x: { value: 0 }, x2: { value: width }, y: { scale: 'y', value: 0 }, stroke: { value: '#bbb' } },
        },
      },
      {
        type: 'rule',
        from: { data: 'points' },
        encode: {
          enter: {
            x,
            y: { scale: 'y', value: 0 },
            y2: { scale: 'y', field: 'y' },
            strokeWidth: { value: 1.2 },
            stroke: { signal: `datum.kind === 'acceptor' ? '${colours.acceptor}' : '${colours.donor}'` },
            opacity: { signal: 'datum.annotated ? 1 : 0.35' },
          },
        },
      },
      {
        type: 'symbol',
        from: { data: 'points' },
        encode: {
          enter: {
            x,
            y: { scale: 'y', field: 'y' },
            size: { value: 28 },
            stroke: { signal: `datum.kind === 'acceptor' ? '${colours.acceptor}' : '${colours.donor}'` },
            fill: {
              signal: `!datum.annotated ? 'white' : datum.kind === 'acceptor' ? '${colours.acceptor}' : '${colours.donor}'`,
            },
          },
        },
      },
      {
        type: 'rect',
        from: { data: 'exons' },
        encode: {
          enter: {
            x: { scale: 'x', field: 's' },
            width: { signal: 'max(2, scale("x", datum.e) - scale("x", datum.s))' },
            y: { scale: 'y', value: 0, offset: -5 },
            height: { value: 10 },
            fill: { value: '#333' },
          },
        },
      },
    ],
  }
}

const panels = []
for (let i = 0; i < rest.length; i += 3) panels.push(panel(rest[i], rest[i + 1], rest[i + 2]))
const spec = {
  $schema: 'https://vega.github.io/schema/vega/v6.json',
  background: 'white',
  padding: 10,
  layout: { columns: 1, padding: { row: 40 } },
  marks: [
    ...panels.map((p) => ({
      type: 'group',
      title: { text: p.title, anchor: 'start', fontSize: 13 },
      encode: { enter: { width: { value: width }, height: { value: height } } },
      ...marks(p),
    })),
    {
      type: 'group',
      encode: { enter: { width: { value: width }, height: { value: 20 } } },
      marks: [
        {
          type: 'text',
          encode: {
            enter: {
              text: {
                value: [
                  'boxes: annotated exons · filled: prediction at an annotated site',
                  'open: a site predicted with probability of at least 0.1 that this transcript does not have',
                ],
              },
              fontSize: { value: 11 },
              fill: { value: '#333' },
              baseline: { value: 'middle' },
            },
          },
        },
      ],
    },
  ],
}
writeFileSync(out, await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG())
console.log(`wrote ${out}`)
