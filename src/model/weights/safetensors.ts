import { FormatError } from '../../errors.ts'
import { brief, isRecord } from './json.ts'
import {
  countElements,
  type DType,
  dtypeBytes,
  type RawTensor,
  type RawWeights,
  valuesAsFloat32,
} from './raw-tensor.ts'

/** The reference implementation's own bound (100 MB): a header beyond it is not one. */
const maxHeaderBytes = 100_000_000

/**
 * Parses the safetensors format: u64 header length, JSON header, then the tensors' bytes without gaps or overlap.
 * Source: github.com/huggingface/safetensors, README "Format"; as strict as its Rust reader, and on duplicate names stricter.
 *
 * @param bytes the whole file
 * @param where the file's name, for errors
 * @throws FormatError naming the tensor or the byte offset
 */
export function parseSafetensors(bytes: Uint8Array, where: string): RawWeights {
  const fail = (
    what: string,
    more: { expected?: string; got?: string; remedy?: string; cause?: unknown } = {},
  ): never => {
    throw new FormatError({ where, what, ...more })
  }
  if (bytes.length < 8)
    fail('too short for a safetensors file', { expected: 'at least 8 bytes', got: `${bytes.length}` })
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true))
  if (headerBytes > maxHeaderBytes || headerBytes < 2) {
    fail('not a safetensors file (length of its header, at offset 0)', {
      expected: `2 to ${maxHeaderBytes} bytes`,
      got: `${headerBytes}`,
    })
  }
  if (8 + headerBytes > bytes.length) {
    fail('truncated safetensors file: the header goes beyond its end', {
      expected: `at least ${8 + headerBytes} bytes`,
      got: `${bytes.length}`,
      remedy: 'fetch the file again',
    })
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerBytes), where)
  const data = bytes.subarray(8 + headerBytes)

  const entries: { name: string; dtype: DType; shape: number[]; begin: number; end: number; elementCount: number }[] =
    []
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isRecord(entry) || !Object.values(entry).every((value) => typeof value === 'string')) {
        fail('__metadata__ of the safetensors header', { expected: 'text values', got: brief(entry) })
      }
      continue
    }
    entries.push({ name, ...parseEntry(name, entry, where) })
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let at = 0
  for (const { name, begin, end } of entries) {
    if (end > data.length) {
      fail(`tensor ${name} goes beyond the end of the file (truncated?)`, {
        expected: `at least ${8 + headerBytes + end} bytes`,
        got: `${bytes.length}`,
        remedy: 'fetch the file again',
      })
    }
    if (begin !== at)
      fail(`tensor ${name} ${begin < at ? 'overlaps another' : 'leaves a gap before it'}`, {
        expected: `data offset ${at}`,
        got: `${begin}`,
      })
    at = end
  }
  if (at !== data.length)
    fail('bytes after the last tensor', { expected: `${8 + headerBytes + at} bytes`, got: `${bytes.length}` })

  const tensors = new Map<string, RawTensor>()
  for (const { name, dtype, shape, begin, end, elementCount } of entries) {
    const read = (): Float32Array =>
      valuesAsFloat32(data.subarray(begin, end), dtype, elementCount) ??
      fail(`tensor ${name} is of type ${dtype}`, {
        expected: 'F32, F16, BF16, F64 or integers',
        remedy: 'convert the file to F32',
      })
    tensors.set(name, { dtype, shape, elementCount, read })
  }
  return { where, tensors, dataBytes: data.length }
}

function parseHeader(headerBytes: Uint8Array, where: string): Record<string, unknown> {
  let text: string
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(headerBytes)
    header = JSON.parse(text)
  } catch (cause) {
    throw new FormatError({ where, what: 'not a safetensors file: its header is not JSON', cause })
  }
  if (!isRecord(header))
    throw new FormatError({ where, what: 'safetensors header', expected: 'a JSON object', got: brief(header) })
  const duplicate = firstDuplicateKey(text)
  if (duplicate !== undefined)
    throw new FormatError({ where, what: `tensor ${duplicate} stands twice in the safetensors header` })
  return header
}

function parseEntry(
  name: string,
  entry: unknown,
  where: string,
): { dtype: DType; shape: number[]; begin: number; end: number; elementCount: number } {
  const fail = (what: string, expected: string, got: unknown): never => {
    throw new FormatError({ where, what: `tensor ${name}: ${what}`, expected, got: brief(got) })
  }
  if (!isRecord(entry)) return fail('header entry', '{dtype, shape, data_offsets}', entry)
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !Object.hasOwn(dtypeBytes, dtype))
    return fail('dtype', `one of ${Object.keys(dtypeBytes).join(' ')}`, dtype)
  const elementCount = Array.isArray(shape) ? countElements(shape) : undefined
  if (elementCount === undefined) return fail('shape', 'a list of sizes', shape)
  if (
    !Array.isArray(offsets) ||
    offsets.length !== 2 ||
    !offsets.every((offset) => Number.isSafeInteger(offset) && offset >= 0) ||
    offsets[0] > offsets[1]
  ) {
    return fail('data_offsets', '[begin, end]', offsets)
  }
  const [begin, end] = offsets as [number, number]
  const expectedBytes = elementCount * dtypeBytes[dtype as DType]
  if (end - begin !== expectedBytes)
    return fail(`bytes of shape [${shape}] and dtype ${dtype}`, `${expectedBytes}`, end - begin)
  return { dtype: dtype as DType, shape: shape as number[], begin, end, elementCount }
}

/** `JSON.parse` keeps the last of two equal keys without a word; this looks at the keys of the outermost object. */
function firstDuplicateKey(json: string): string | undefined {
  const seen = new Set<string>()
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const c = json[i]
    if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') depth--
    else if (c === '"') {
      const start = i
      for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++
      if (depth !== 1) continue
      const text = JSON.parse(json.slice(start, i + 1)) as string
      // A string at depth 1 that is a value, not a key, has no colon after it.
      let next = i + 1
      while (json[next] === ' ' || json[next] === '\n' || json[next] === '\r' || json[next] === '\t') next++
      if (json[next] !== ':') continue
      if (seen.has(text)) return text
      seen.add(text)
    }
  }
  return undefined
}
