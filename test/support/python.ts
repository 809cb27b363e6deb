import { spawnSync } from 'node:child_process'

/** A python that can import `module`: GENOCONV_PYTHON, else python3, else Debian's own; undefined where there is none. */
export function pythonWith(module: string): string | undefined {
  return [process.env['GENOCONV_PYTHON'], 'python3', '/usr/bin/python3'].find(
    (python) => python && spawnSync(python, ['-c', `import ${module}`]).status === 0,
  )
}
