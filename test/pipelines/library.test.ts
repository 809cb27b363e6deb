import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tableFromIPC } from 'apache-arrow'
import { expect, it } from 'vitest'
import * as library from '../../src/index.ts'
import { writeArrow } from '../../src/index.ts'
import { fakeModel } from '../support/fake-model.ts'
import { memoryGenome } from '../support/memory-genome.ts'
import { predict } from '../../pipelines/predict.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

it('exports what the contract names and nothing by accident', () => {
  expect(Object.keys(library).sort()).toEqual([
    'ConfigError',
    'DeviceError',
    'FormatError',
    'GenoconvError',
    'LimitError',
    'RegionError',
    'ShapeError',
    'createBackend',
    'describeModel',
    'drawFigure',
    'drawImage',
    'drawPage',
    'embed',
    'everyVariant',
    'explainPlan',
    'indexGenome',
    'listDevices',
    'listModels',
    'loadModel',
    'longConv',
    'longConvGradients',
    'memorySink',
    'mergeShards',
    'openGenes',
    'openGenome',
    'outputInfo',
    'parseRegion',
    'planLongConv',
    'planPredict',
    'planShards',
    'predict',
    'predictToFile',
    'pullModel',
    'runShard',
    'scoreVariants',
    'train',
    'viewPredictions',
    'writeArrow',
    'writeBedGraph',
    'writeBigWig',
    'writeEmbeddings',
    'writeParquet',
    'writeTsv',
  ])
})

it('imports no module of Node before it is called, so that a browser can load it', () => {
  const seen = new Set<string>()
  const nodeImports: string[] = []
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, what, target] of text.matchAll(/^(?:import|export)\s([^'"]*?)\s?from '([^']+)'/gm)) {
      if (what.startsWith('type ')) continue
      if (target.startsWith('node:')) nodeImports.push(`${relative(root, file)} -> ${target}`)
      if (target.startsWith('.')) visit(join(dirname(file), target))
    }
  }
  visit(join(root, 'src/index.ts'))
  expect(seen.size).toBeGreaterThan(20)
  expect(nodeImports).toEqual([])
})

it('predicts regions and writes them as the contract shows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'genoconv-'))
  try {
    const genome = memoryGenome({ '20': 'ACGTACGTNN', '21': 'TTTT' })
    const region = { contig: '20', start: 2, end: 9 }
    for await (const batch of predict(fakeModel('windows'), genome, { regions: [region] })) {
      expect(batch.region).toEqual(region)
      expect(batch.tracks['donor']).toBeInstanceOf(Float32Array)
      expect(batch.tracks['donor'].length).toBe(7)
    }
    const path = join(folder, 'out.arrow')
    await writeArrow(predict(fakeModel('windows'), genome), path)
    expect(tableFromIPC(readFileSync(path)).numRows).toBe(14)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
