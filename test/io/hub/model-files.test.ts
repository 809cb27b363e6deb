import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FormatError } from '../../../src/errors.ts'
import { findModelFiles, pathKind, readModelFiles } from '../../../src/io/hub/model-files.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genoconv-models-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const put = async (...names: string[]): Promise<void> => {
  for (const name of names) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), name)
  }
}
/** Weights and configuration of what is found, relative to the folder. */
const found = async (name = ''): Promise<(string | undefined)[][]> =>
  (await findModelFiles(join(folder, name))).map(({ weightsPath, configPath }) =>
    [weightsPath, configPath].map((path) => path && relative(folder, path)),
  )

describe('finding a model', () => {
  it('a file, with the config.json beside it', async () => {
    await put('a.pt', 'm/x.safetensors', 'm/config.json')
    expect(await found('a.pt')).toEqual([['a.pt', undefined]])
    expect(await found('m/x.safetensors')).toEqual([['m/x.safetensors', 'm/config.json']])
  })

  it("a folder's own weights, in order of preference", async () => {
    await put('config.json', 'other.safetensors', 'pytorch_model.bin')
    expect(await found()).toEqual([['pytorch_model.bin', 'config.json']])
    await put('weights.ckpt')
    expect(await found()).toEqual([['weights.ckpt', 'config.json']])
    await put('model.safetensors')
    expect(await found()).toEqual([['model.safetensors', 'config.json']])
  })

  it('members of an ensemble, files and folders, by name; nothing hidden, nothing else', async () => {
    await put(
      'rs11.pt',
      'rs10.pt',
      'notes.txt',
      '.hidden.pt',
      'rs12/model.safetensors',
      'rs12/config.json',
      'empty/readme.txt',
    )
    expect(await found()).toEqual([
      ['rs10.pt', undefined],
      ['rs11.pt', undefined],
      ['rs12/model.safetensors', 'rs12/config.json'],
    ])
  })

  it('what is not a model says what is there', async () => {
    await expect(found('nothing')).rejects.toThrow(/nothing: no such file or folder/)
    await expect(found()).rejects.toThrow(
      /no model in this folder: expected config\.json and model\.safetensors or weights\.ckpt, or a folder of weights files, got an empty folder/,
    )
    await put('README.md')
    await expect(found()).rejects.toThrow(/got README\.md/)
    await put('model.safetensors.index.json')
    await expect(found()).rejects.toThrow(/cut into several files/)
    expect(await pathKind(join(folder, 'README.md', 'x'))).toBeUndefined()
  })
})

describe('reading a model', () => {
  it('gives the bytes, their SHA-256 and the config', async () => {
    await put('model.safetensors', 'config.json')
    const { weights, config } = await readModelFiles((await findModelFiles(folder))[0])
    expect(Buffer.from(weights.bytes).toString()).toBe('model.safetensors')
    expect(weights.sha256).toBe(createHash('sha256').update('model.safetensors').digest('hex'))
    expect(config?.text).toBe('config.json')
  })

  it('names the file that cannot be read; an abort passes through', async () => {
    const gone = { weightsPath: join(folder, 'gone.pt'), configPath: undefined }
    await expect(readModelFiles(gone)).rejects.toThrow(FormatError)
    await expect(readModelFiles(gone)).rejects.toThrow(/gone\.pt: no such file/)
    await expect(readModelFiles({ weightsPath: folder, configPath: undefined })).rejects.toThrow(/is a folder/)
    await put('a.pt')
    await expect(
      readModelFiles({ weightsPath: join(folder, 'a.pt'), configPath: undefined }, AbortSignal.abort()),
    ).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
    if (process.getuid?.() === 0) return // the superuser may read anything
    await chmod(join(folder, 'a.pt'), 0)
    await expect(readModelFiles({ weightsPath: join(folder, 'a.pt'), configPath: undefined })).rejects.toThrow(
      /no permission to read it/,
    )
  })
})
