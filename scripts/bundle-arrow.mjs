// Puts Apache Arrow into one file of dist, in place of the re-export that tsc wrote there; its licence and notice beside it.
import { readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const file = new URL('../dist/src/io/output/arrow.js', import.meta.url)
const from = (path) => readFileSync(new URL(`../node_modules/${path}`, import.meta.url), 'utf8')

await build({
  stdin: { contents: "export * from 'apache-arrow'", resolveDir: import.meta.dirname },
  bundle: true,
  format: 'esm',
  platform: 'browser', // neither streams of Node nor of a page are used: this form runs in both
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'error',
  outfile: file.pathname,
})
writeFileSync(
  new URL('arrow.LICENSE.txt', file),
  [
    'arrow.js holds apache-arrow, flatbuffers and tslib.',
    from('apache-arrow/NOTICE.txt'),
    from('apache-arrow/LICENSE.txt'),
    `flatbuffers\n\n${from('flatbuffers/LICENSE')}`,
    `tslib\n\n${from('tslib/LICENSE.txt')}`,
  ].join('\n\n'),
)
