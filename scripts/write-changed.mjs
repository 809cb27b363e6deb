import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

/** Writes through a rename, so that two builds at the same time never show each other half a file; nothing where nothing changed. */
export function writeChanged(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, text)
  renameSync(temporary, path)
}
