// Serves dist/demo on loopback, as a static host would: npm run demo [-- --isolated]. With --isolated come the two headers that
// let the page use several threads.
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildDemo } from './build-demo.mjs'

const folder = fileURLToPath(new URL('../dist/demo', import.meta.url))
const isIsolated = process.argv.includes('--isolated')
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' }

await buildDemo(folder)
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://loopback')
  const path = join(folder, normalize(decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname)))
  if (!path.startsWith(folder) || !existsSync(path) || !statSync(path).isFile()) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, {
    'Content-Type': types[extname(path)] ?? 'application/octet-stream',
    'Cache-Control': 'no-cache',
    ...(isIsolated && {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    }),
  })
  createReadStream(path).pipe(response)
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/ (Ctrl-C ends it)`))
