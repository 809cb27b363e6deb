import { describe, expect, it } from 'vitest'
import { FormatError } from '../../../src/errors.ts'
import { parseWeights } from '../../../src/model/weights/read-checkpoint.ts'
import type { RawWeights } from '../../../src/model/weights/raw-tensor.ts'
import { parseZip } from '../../../src/model/weights/zip.ts'
import { golden } from '../../support/golden-weights.ts'
import { zipFile } from '../../support/zip-file.ts'

const parse = (name: string): RawWeights => parseWeights(golden(name), name)
const allValues = (weights: RawWeights, rename = (name: string): string => name): Record<string, unknown> =>
  Object.fromEntries(
    [...weights.tensors].map(([name, tensor]) => [
      rename(name),
      { shape: [...tensor.shape], values: [...tensor.read()] },
    ]),
  )

describe('files of torch.save', () => {
  it('a state dict gives the tensors of the safetensors file', () => {
    const expected = allValues(parse('original.safetensors'))
    expect(Object.keys(expected)).toHaveLength(59)
    expect(allValues(parse('original.pt'))).toEqual(expected)
    expect(allValues(parse('openspliceai-nano.pt'))).toEqual(allValues(parse('openspliceai-nano.safetensors')))
  })

  it('a Lightning checkpoint, among configurations, callbacks and optimizer states', () => {
    const plain = (name: string): string =>
      name
        .replace(/^model\./, '')
        .replace('.mixer.layer.', '.mixer.')
        .replace('.mlp.layer.', '.mlp.')
    expect(allValues(parse('lightning.ckpt'), plain)).toEqual(allValues(parse('original.safetensors')))
  })

  it('every storage type, transposed tensors, slices, parameters, tied tensors', () => {
    const expected = allValues(parse('original.safetensors'), (name) => `hyena.${name}`)
    const weights = parse('mixed.pth')
    expect(new Set([...weights.tensors.values()].map(({ dtype }) => dtype))).toEqual(
      new Set(['F32', 'F16', 'BF16', 'F64']),
    )
    const actual = allValues(weights)
    expect(actual['lm_head.weight']).toEqual(expected['hyena.backbone.embeddings.word_embeddings.weight'])
    expect(actual['lm_head.weight']).toBeDefined()
    delete actual['lm_head.weight']
    expect(actual).toEqual(expected)
  })
})

describe('files that are refused', () => {
  it.each([
    ['evil.pt', /pickle with code in it: it refers to posix\.system/],
    ['whole-module.pt', /pickle with code in it: it refers to torch\.nn\.modules\.linear\.Linear.*state_dict/],
    ['legacy.pt', /old format of PyTorch before 1\.6.*torch\.load/],
  ])('%s', (name, message) => {
    expect(() => parse(name)).toThrow(FormatError)
    expect(() => parse(name)).toThrow(message)
  })

  it('a tensor that repeats one value a million times', () => {
    const tensor = parse('expanded.pt').tensors.get('w')!
    expect(tensor.elementCount).toBe(1_000_000)
    expect(() => tensor.read()).toThrow(/repeats values/)
  })

  it.each([
    ['a bare pickle', [0x80, 4, 0x4e, 0x2e], /a bare pickle/],
    [
      'a Git LFS pointer',
      [...new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid')],
      /Git LFS pointer/,
    ],
    ['a web page', [...new TextEncoder().encode('<!doctype html><title>Sign in')], /a web page/],
    ['text', [...new TextEncoder().encode('>chr1\nACGT\n')], /not a model/],
    ['nothing', [], /the file is empty/],
  ])('%s', (_, bytes, message) => {
    expect(() => parseWeights(Uint8Array.from(bytes), 'x.pt')).toThrow(message)
  })

  it('cut at any place', () => {
    const whole = golden('openspliceai-nano.pt')
    for (let length = 0; length < whole.length; length += 97) {
      expect(() => parseWeights(whole.subarray(0, length), 'cut.pt'), `${length} bytes`).toThrow(FormatError)
    }
  })

  it('one flipped bit in a storage is found by its CRC-32, and the entry is named', () => {
    const bytes = golden('openspliceai-nano.pt')
    const entry = [...parseZip(bytes, 'x.pt').values()].find(({ name }) => name.endsWith('/data/0'))!
    const storage = entry.read()
    storage[1] ^= 4
    const weights = parseWeights(bytes, 'x.pt')
    expect(() => allValues(weights)).toThrow(/x\.pt: zip entry openspliceai-nano\/data\/0 is damaged \(CRC-32\)/)
  })

  it('big-endian storages, TorchScript, an entry or a storage that is missing, a zip of something else', () => {
    const entries = Object.fromEntries(
      [...parseZip(golden('original.pt'), 'x.pt')].map(([name, entry]) => [name, entry.read()]),
    )
    const without = (name: string): Record<string, Uint8Array> =>
      Object.fromEntries(Object.entries(entries).filter(([key]) => key !== name))
    expect(allValues(parseWeights(zipFile(entries), 'x.pt'))).toEqual(allValues(parse('original.safetensors')))
    expect(
      allValues(
        parseWeights(
          zipFile(entries, () => 0),
          'x.pt',
        ),
      ),
    ).toEqual(allValues(parse('original.safetensors')))
    expect(() => parseWeights(zipFile({ ...entries, 'original/byteorder': Buffer.from('big') }), 'x.pt')).toThrow(
      /byte order of its storages: expected little, got big/,
    )
    expect(() => parseWeights(zipFile({ ...entries, 'original/constants.pkl': new Uint8Array(2) }), 'x.pt')).toThrow(
      /TorchScript/,
    )
    expect(() => parseWeights(zipFile(without('original/data/3')), 'x.pt')).toThrow(/storage data\/3 is missing/)
    expect(() => parseWeights(zipFile({ ...entries, 'original/data/3': new Uint8Array(4) }), 'x.pt')).toThrow(
      /bytes of storage data\/3: expected \d+, got 4/,
    )
    expect(() => parseWeights(zipFile(without('original/data.pkl')), 'x.pt')).toThrow(/without data\.pkl/)
  })

  it('a compressed or encrypted entry, an entry that stands twice, a damaged directory', () => {
    const spoiled = (change: (view: DataView, directory: number) => void): (() => RawWeights) => {
      const bytes = golden('original.pt')
      change(new DataView(bytes.buffer), Buffer.from(bytes).indexOf(Buffer.from('PK\x01\x02')))
      return () => parseWeights(bytes, 'x.pt')
    }
    expect(spoiled((view, at) => view.setUint16(at + 10, 8, true))).toThrow(
      /entry original\/data\.pkl is compressed: expected stored bytes.*method 8/,
    )
    expect(spoiled((view, at) => view.setUint16(at + 8, 1, true))).toThrow(/entry original\/data\.pkl is encrypted/)
    expect(spoiled((view, at) => view.setUint32(at + 42, 40, true))).toThrow(
      /original\/data\.pkl: no entry at offset 40/,
    )
    expect(spoiled((view, at) => view.setUint32(at, 0, true))).toThrow(/directory damaged at offset/)
    const twice = zipFile({ 'a/data.pkl': new Uint8Array(1), 'a/dat2.pkl': new Uint8Array(1) })
    expect(() =>
      parseZip(
        Uint8Array.from(Buffer.from(Buffer.from(twice).toString('latin1').replaceAll('dat2', 'data'), 'latin1')),
        'x.pt',
      ),
    ).toThrow(/a\/data\.pkl stands twice/)
  })
})
