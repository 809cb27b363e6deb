import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const files = ['src', 'pipelines', 'apps', 'test', 'bench']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('generated'))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))

/** TypeScript's `private` before a member or a parameter. A constructor has no other way, so it may have it. */
const isPrivate = (line: string): boolean =>
  /(?:^|[(,])\s*(?:(?:static|override|readonly|declare|abstract)\s+)*private\s+(?!constructor\b)[\w*[]/.test(line)

it('private members are #name', () => {
  expect(files.length).toBeGreaterThan(300)
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) => (isPrivate(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  )
  expect(found).toEqual([])
})

it('the other way is recognised', () => {
  const members = ['x = 1', 'readonly x: number', 'async *rows() {', 'get path(): string {'].map(
    (m) => `  private ${m}`,
  )
  for (const line of [...members, '  static private x', `  constructor(${'private'} readonly x: number) {}`])
    expect(isPrivate(line), line).toBe(true)
  for (const line of ['  private constructor(x: number) {', '  readonly #x = 1', '  // those of private hubs'])
    expect(isPrivate(line), line).toBe(false)
})
