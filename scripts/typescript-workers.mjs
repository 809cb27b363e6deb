// `--import`ed by the tests' processes: worker threads started from a TypeScript source run it as one file, made of the sources
// once a process. A loader in each thread, which translates file by file, takes three times as long to start.
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { fileURLToPath } from 'node:url'
import workerThreads, { isMainThread, Worker } from 'node:worker_threads'

// Read by esbuild when it is loaded, here or by a test before a worker starts. With a thread of its own, buildSync() waits for
// ever where build() has run before, and tests count the threads that there are.
process.env.ESBUILD_WORKER_THREADS = '0'

const made = new Map()

/** The worker of the source `url`, bundled, as a data: URL. */
function bundled(url) {
  let found = made.get(url.href)
  if (!found) {
    const { outputFiles } = createRequire(import.meta.url)('esbuild').buildSync({
      entryPoints: [fileURLToPath(url)],
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
    })
    found = new URL(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`)
    made.set(url.href, found)
  }
  return found
}

if (isMainThread) {
  workerThreads.Worker = class extends Worker {
    constructor(url, options) {
      super(url instanceof URL && url.pathname.endsWith('.ts') ? bundled(url) : url, options)
    }
  }
  syncBuiltinESMExports()
}
