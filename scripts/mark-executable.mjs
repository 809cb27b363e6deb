// `tsc` writes files without the executable bit; the command line needs it when run from a clone.
import { chmodSync, existsSync } from 'node:fs'

const cli = new URL('../dist/pipelines/cli/main.js', import.meta.url)
if (existsSync(cli)) chmodSync(cli, 0o755)
