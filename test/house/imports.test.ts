import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { circles } from '../support/import-circles.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const files = ['src', 'pipelines', 'apps/view'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && e.name.endsWith('.ts') && !e.name.endsWith('.as.ts'))
    .filter((e) => !e.parentPath.includes('generated'))
    .map((e) => relative(root, join(e.parentPath, e.name))),
)

/** Files (from the root) and packages that a file imports, types and `import()` included. */
const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target]) =>
    target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : target,
  )
const graph = new Map(files.map((file) => [file, importsOf(file)]))

/** Imports, of files under `folder`, that are not allowed. */
const wrongImports = (folder: string, isWrong: (target: string) => boolean): string[] =>
  files
    .filter((file) => file.startsWith(folder))
    .flatMap((file) =>
      graph
        .get(file)!
        .filter(isWrong)
        .map((target) => `${file} -> ${target}`),
    )

const isOurs = (target: string): boolean => /^(src|pipelines|apps|test|bench|scripts)\//.test(target)

/** Shared words, which everybody may import. */
const shared = ['src/crc32.ts', 'src/genome.ts', 'src/errors.ts', 'src/streams.ts', 'src/validate.ts']
/** Who may import whom: docs/design.md. A folder not listed may import nothing of ours. */
const allowed: Record<string, readonly string[]> = {
  'src/io/bytes/': ['src/io/bytes/', ...shared],
  'src/io/fasta/': ['src/io/fasta/', 'src/io/bytes/', ...shared],
  'src/io/variants/': ['src/io/variants/', 'src/io/bytes/', 'src/io/fasta/', ...shared],
  'src/io/output/': ['src/io/', ...shared],
  'src/io/hub/': ['src/io/hub/', 'src/io/bytes/', ...shared],
  'src/model/': ['src/model/', 'src/kernels/', ...shared],
  'src/training/': ['src/training/', 'src/model/', 'src/kernels/', ...shared],
  'src/kernels/': ['src/kernels/', 'src/errors.ts', 'src/validate.ts'],
  'pipelines/cli/': ['pipelines/', 'src/', 'package.json'],
  'pipelines/shard/': [
    'pipelines/shard/',
    'pipelines/run/',
    'pipelines/embed',
    'pipelines/predict',
    'pipelines/variants',
    'pipelines/models/',
    'pipelines/device/',
    'src/',
  ],
  'pipelines/run/': [
    'pipelines/run/',
    'pipelines/embed',
    'pipelines/predict',
    'pipelines/variants',
    'pipelines/train',
    'pipelines/models/',
    'pipelines/device/',
    'src/',
  ],
  'pipelines/predict/': ['pipelines/predict', 'src/'],
  'pipelines/predict.ts': ['pipelines/predict/', 'src/'],
  'pipelines/embed/': ['pipelines/embed', 'pipelines/predict', 'src/'],
  'pipelines/embed.ts': ['pipelines/embed/', 'pipelines/predict', 'src/'],
  'pipelines/variants/': ['pipelines/variants/', 'pipelines/predict', 'src/'],
  'pipelines/variants.ts': ['pipelines/variants/', 'pipelines/predict', 'src/'],
  'pipelines/train/': ['pipelines/train/', 'pipelines/predict', 'src/'],
  'pipelines/train.ts': ['pipelines/train/', 'pipelines/variants/contigs.ts', 'pipelines/run/version.ts', 'src/'],
  'pipelines/view/': ['pipelines/view/', 'pipelines/run/', 'pipelines/variants/options.ts', 'apps/view/', 'src/'],
  'apps/view/': ['apps/view/'],
  'pipelines/models/': ['pipelines/models/', 'src/'],
  'pipelines/device/': ['pipelines/device/', 'src/'],
}

describe('imports go one way', () => {
  it('finds the sources', () => expect(files.length).toBeGreaterThan(150))
  it('every room is listed', () => {
    const rooms = files.filter((f) => /^(src\/(io|model|kernels|training)|pipelines\/[a-z]+)\//.test(f))
    expect(rooms.filter((f) => !Object.keys(allowed).some((folder) => f.startsWith(folder)))).toEqual([])
  })
  it.each(Object.entries(allowed))('%s', (folder, targets) => {
    expect(wrongImports(folder, (t) => isOurs(t) && !targets.some((ok) => t.startsWith(ok)))).toEqual([])
  })
  it('without circles, imports of types included', () => expect(circles(graph)).toEqual([]))
  it('the terminal and its words are known to the command line only', () => {
    const isTerminal = (t: string): boolean => t === 'yargs' || t === 'cli-progress'
    expect(wrongImports('', isTerminal).filter((line) => !line.startsWith('pipelines/cli/'))).toEqual([])
  })
  it('Arrow comes through the one file that the build makes of it', () => {
    const isArrow = (t: string): boolean => t.startsWith('apache-arrow')
    expect(wrongImports('', isArrow)).toEqual(['src/io/output/arrow.ts -> apache-arrow'])
  })
  it('node: only where bytes are read, threads start, and in the programs', () => {
    const rooms = /^(src\/io\/|src\/kernels\/cpu\/|pipelines\/(cli|run|shard|models|device|view)\/)/
    expect(wrongImports('', (t) => t.startsWith('node:')).filter((line) => !rooms.test(line))).toEqual([])
  })
  it('no GPU type outside the WebGPU files', () => {
    const wrong = files
      .filter((f) => !f.endsWith('.webgpu.ts') && !f.startsWith('src/kernels/webgpu/'))
      .filter((f) => /\bGPU[A-Z]\w+/.test(readFileSync(join(root, f), 'utf8')))
    expect(wrong).toEqual([])
  })
  it('what a browser takes instead stands beside it, and offers no more', () => {
    const exported = (file: string): string[] => {
      const text = readFileSync(join(root, file), 'utf8')
      const declared = [...text.matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)]
      const passedOn = [...text.matchAll(/^export \{ ([^}]+) \}/gm)]
      return [
        ...declared.map(([, name]) => name),
        ...passedOn.flatMap(([, names]) => names.split(', ').map((name) => name.replace(/^.* as /, ''))),
      ]
    }
    const substitutes = files.filter(
      (file) => file.endsWith('.browser.ts') && file !== 'src/kernels/cpu/worker.browser.ts',
    )
    expect(substitutes.length).toBeGreaterThan(4)
    for (const file of substitutes)
      expect(exported(file.replace('.browser.ts', '.ts')), file).toEqual(expect.arrayContaining(exported(file)))
  })
  it('the page for browsers stands on the library alone', () => {
    const folder = join(root, 'apps/browser')
    const texts = readdirSync(folder).filter((name) => name.endsWith('.ts'))
    expect(texts.length).toBeGreaterThan(5)
    for (const name of texts)
      for (const [, target] of readFileSync(join(folder, name), 'utf8').matchAll(
        /^(?:import|export) .*from '([^']+)'/gm,
      ))
        expect(target, name).toMatch(/^(\.\/[\w-]+\.ts|genoconv)$/)
  })
  it('no test code in the sources', () => expect(wrongImports('', (t) => t.startsWith('test/'))).toEqual([]))
  it('no source refers to a document outside the repository', () => {
    const outside = /\b(MODELS|DESIGN|STYLE|GPU)\.md\b|\bof SPEC\b|\bSPEC,/
    expect(files.filter((f) => outside.test(readFileSync(join(root, f), 'utf8')))).toEqual([])
  })
})

describe('circles', () => {
  const found = (edges: Record<string, string[]>): string[][] => circles(new Map(Object.entries(edges)))
  it('are found', () => {
    expect(found({ a: ['b'], b: ['c', 'node:fs'], c: ['a'], d: ['a'] })).toEqual([['a', 'b', 'c']])
    expect(found({ a: ['b'], b: ['c'], c: [], d: ['a'] })).toEqual([])
  })
})
