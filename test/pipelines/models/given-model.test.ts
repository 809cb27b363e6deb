import { openAsBlob } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Backend, createBackend, FormatError, loadModel, type ModelInfo } from '../../../src/index.ts'
import { fileURLToPath } from 'node:url'
import { serveStatic, type StaticServer } from '../../support/static-server.ts'

const folder = fileURLToPath(new URL('../../../models/splice/', import.meta.url))
let backend: Backend
let server: StaticServer
let shipped: ModelInfo
beforeAll(async () => {
  backend = await createBackend('cpu', { threads: 1 })
  server = await serveStatic((name) =>
    name === 'model.safetensors' || name === 'config.json' ? folder + name : undefined,
  )
  shipped = (await loadModel('splice', { backend })).info
})
afterAll(async () => {
  await backend.destroy()
  await server.close()
})

it('a model is read from blobs', async () => {
  const [weights, config] = await Promise.all(
    ['model.safetensors', 'config.json'].map((name) => openAsBlob(folder + name)),
  )
  const { info } = await loadModel({ weights, config, name: 'mine' }, { backend })
  expect(info).toEqual({ ...shipped, name: 'mine' })
})

it('from URLs, of servers and of files', async () => {
  const [weights, config] = ['model.safetensors', 'config.json'].map((name) => new URL(name, server.url))
  expect((await loadModel({ weights, config }, { backend })).info).toEqual({ ...shipped, name: weights.href })
  expect((await loadModel(pathToFileURL(folder), { backend })).info.sha256).toBe(shipped.sha256)
})

it('several are an ensemble', async () => {
  const [weights, config] = await Promise.all(
    ['model.safetensors', 'config.json'].map((name) => openAsBlob(folder + name)),
  )
  const { info } = await loadModel(['splice', { weights, config }], { backend })
  expect(info.memberCount).toBe(2 * shipped.memberCount)
})

it('what cannot be had or is no model is an error that names it', async () => {
  const missing = new URL('none.safetensors', server.url)
  await expect(loadModel(missing, { backend })).rejects.toThrow(`${missing}: the server answered 404`)
  const closed = new URL('http://127.0.0.1:1/model.safetensors')
  await expect(loadModel(closed, { backend })).rejects.toThrow(`${closed}: cannot be fetched`)
  await expect(loadModel(new File(['hello'], 'x.pt'), { backend })).rejects.toThrow(/^x\.pt: not a model/)
  await expect(loadModel(new Blob(['hello']), { backend })).rejects.toThrow(FormatError)
  const signal = AbortSignal.abort(new Error('stop'))
  await expect(loadModel(new URL('model.safetensors', server.url), { backend, signal })).rejects.toThrow('stop')
})
