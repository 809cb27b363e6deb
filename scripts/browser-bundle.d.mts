import type { BuildOptions, BuildResult } from 'esbuild'

type Bundled = BuildResult<{ write: false; metafile: true }>
export function bundle(entry: string, options?: BuildOptions): Promise<Bundled>
export function bundleLibrary(): Promise<Bundled>
export function bundleView(): Promise<Bundled>
