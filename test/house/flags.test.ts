import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const files = ['src', 'pipelines']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.as.ts'))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  .filter((file) => !file.startsWith('pipelines/cli/') && !file.includes('generated'))

/** Flags of V8 and of Node are named by those who set them. */
const isEngine = (line: string): boolean => /setFlagsFromString|execArgv|flags\(/.test(line)
const isComment = (line: string): boolean => /^\s*(\/\/|\/\*|\*)/.test(line)

it('only the command line knows its flags: elsewhere options have their names in the library', () => {
  expect(files.length).toBeGreaterThan(100)
  const flags = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        /['"` (]--[a-z]/.test(line) && !isEngine(line) && !isComment(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [],
      ),
  )
  expect(flags).toEqual([])
})
