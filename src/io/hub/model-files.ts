import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { FormatError } from '../../errors.ts'
import { fileProblem } from '../bytes/file-problem.ts'
import { readWholeFile } from '../bytes/read-file.ts'

/** Where a model's files are. */
export interface ModelFiles {
  readonly weightsPath: string
  readonly configPath: string | undefined
}

/** A model's files as read. */
export interface ModelFileContents {
  readonly weights: { readonly name: string; readonly bytes: Uint8Array; readonly sha256: string }
  readonly config: { readonly name: string; readonly text: string } | undefined
}

/** In the order in which a folder's own weights are looked for. */
export const weightsNames = [
  'model.safetensors',
  'weights.ckpt',
  'pytorch_model.bin',
  'model.pt',
  'model.ckpt',
] as const
const weightsExtensions = new Set(['.safetensors', '.pt', '.pth', '.ckpt', '.bin', '.h5', '.v2'])
/** One buffer of Node holds no more. */
const maxWeightsBytes = 2 ** 31 - 1
const maxConfigBytes = 2 ** 26

export const isWeightsName = (name: string): boolean => weightsExtensions.has(extname(name).toLowerCase())

/** Whether something stands at `path`: what kind, or undefined. */
export async function pathKind(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileProblem(path, error)
  }
}

/**
 * Finds the models at `path`: a weights file (a `config.json` beside it belongs to it); a folder with `model.safetensors`
 * or `weights.ckpt`; else a folder of members, files or folders, in the order of their names.
 *
 * @throws FormatError where nothing is, or no model is in the folder
 */
export async function findModelFiles(path: string): Promise<ModelFiles[]> {
  const kind = await pathKind(path)
  if (kind === undefined) throw new FormatError({ where: path, what: 'no such file or folder' })
  if (kind === 'file') return [{ weightsPath: path, configPath: await configBeside(dirname(path)) }]
  const own = await folderModel(path)
  if (own) return [own]
  const entries = (await readFolder(path)).sort()
  const members: ModelFiles[] = []
  for (const name of entries.filter((entry) => !entry.startsWith('.'))) {
    const member = join(path, name)
    if ((await pathKind(member)) === 'folder') {
      const model = await folderModel(member)
      if (model) members.push(model)
    } else if (isWeightsName(name)) {
      members.push({ weightsPath: member, configPath: await configBeside(path) })
    }
  }
  if (members.length > 0) return members
  const isSharded = entries.includes('model.safetensors.index.json')
  throw new FormatError({
    where: path,
    what: isSharded
      ? 'its weights are cut into several files, which genoconv does not read'
      : 'no model in this folder',
    expected: `config.json and ${weightsNames.slice(0, 2).join(' or ')}, or a folder of weights files`,
    got: entries.length === 0 ? 'an empty folder' : entries.slice(0, 5).join(', '),
  })
}

/** Reads both files whole. @throws FormatError, LimitError naming the file; an abort passes through. */
export async function readModelFiles(files: ModelFiles, signal?: AbortSignal): Promise<ModelFileContents> {
  const { weightsPath, configPath } = files
  const bytes = await readWholeFile(weightsPath, maxWeightsBytes, signal)
  const config =
    configPath === undefined
      ? undefined
      : { name: configPath, text: new TextDecoder().decode(await readWholeFile(configPath, maxConfigBytes, signal)) }
  return { weights: { name: weightsPath, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }, config }
}

async function folderModel(folder: string): Promise<ModelFiles | undefined> {
  for (const name of weightsNames) {
    const weightsPath = join(folder, name)
    if ((await pathKind(weightsPath)) === 'file') return { weightsPath, configPath: await configBeside(folder) }
  }
  return undefined
}

async function configBeside(folder: string): Promise<string | undefined> {
  const path = join(folder, 'config.json')
  return (await pathKind(path)) === 'file' ? path : undefined
}

async function readFolder(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    throw fileProblem(path, error)
  }
}

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '')
