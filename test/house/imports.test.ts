import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const files = ['src', 'pipelines'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      (e) => e.isFile() && e.name.endsWith('.ts') && !e.name.endsWith('.as.ts') && !e.parentPath.includes('generated'),
    )
    .map((e) => relative(root, join(e.parentPath, e.name))),
)

const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target]) =>
    target.startsWith('.') ? relative(root, join(root, dirname(file), target)) : target,
  )

/** Who may import whom (DESIGN: imports go one way). Shared words may be used by all. */
const shared = ['src/genome.ts', 'src/errors.ts', 'src/streams.ts']
const allowed: Record<string, readonly string[]> = {
  'src/io/': ['src/io/', ...shared],
  'src/model/': ['src/model/', 'src/kernels/', ...shared],
  'src/kernels/': ['src/kernels/', 'src/errors.ts'],
  'pipelines/': ['pipelines/', 'src/', 'package.json'],
}

describe('imports go one way', () => {
  it('finds the sources', () => expect(files.length).toBeGreaterThan(40))
  it.each(Object.entries(allowed))('%s', (folder, targets) => {
    const wrong = files
      .filter((f) => f.startsWith(folder))
      .flatMap((f) =>
        importsOf(f)
          .filter((t) => /^(src|pipelines|test|bench)\//.test(t) && !targets.some((ok) => t.startsWith(ok)))
          .map((t) => `${f} -> ${t}`),
      )
    expect(wrong).toEqual([])
  })
  it('node: only where bytes are read, threads start, and in the programs', () => {
    const wrong = files
      .filter((f) => !/^(src\/io\/|src\/kernels\/cpu\/|pipelines\/)/.test(f))
      .flatMap((f) =>
        importsOf(f)
          .filter((t) => t.startsWith('node:'))
          .map((t) => `${f} -> ${t}`),
      )
    expect(wrong).toEqual([])
  })
  it('no GPU type outside the WebGPU files', () => {
    const wrong = files
      .filter((f) => !f.endsWith('.webgpu.ts') && !f.startsWith('src/kernels/webgpu/'))
      .filter((f) => /\bGPU[A-Z]\w+/.test(readFileSync(join(root, f), 'utf8')))
    expect(wrong).toEqual([])
  })
  it('no test code in the sources', () => {
    expect(
      files.flatMap((f) =>
        importsOf(f)
          .filter((t) => t.startsWith('test/'))
          .map((t) => `${f} -> ${t}`),
      ),
    ).toEqual([])
  })
})
