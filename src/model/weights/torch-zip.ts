import { FormatError } from '../../errors.ts'
import { parsePickle } from './pickle.ts'
import { PickleObject } from './pickle-values.ts'
import { dtypeBytes, type RawTensor, type RawWeights } from './raw-tensor.ts'
import { brief } from './json.ts'
import { isTorchStorageType, torchGlobals } from './torch-globals.ts'
import { makeTorchTensor, TorchStorage, TorchTensor } from './torch-tensor.ts'
import { parseZip } from './zip.ts'

/**
 * Parses what `torch.save` writes since PyTorch 1.6 (.pt, .pth, .ckpt, pytorch_model.bin): a zip of `data.pkl` and raw
 * storages. Nothing of the pickle is run; see torch-globals.ts for the names it may contain.
 *
 * @returns the tensors of its state dict: the root, or what stands under `state_dict`, `model_state_dict`, `model`, …
 * @throws FormatError naming the entry, the offset or the refused global
 */
export function parseTorchZip(bytes: Uint8Array, where: string): RawWeights {
  const entries = parseZip(bytes, where)
  const pickleName = [...entries.keys()].find((name) => name === 'data.pkl' || /^[^/]+\/data\.pkl$/.test(name))
  if (pickleName === undefined)
    throw new FormatError({ where, what: 'zip archive without data.pkl: not a file of torch.save' })
  const folder = pickleName.slice(0, -'data.pkl'.length)
  if (entries.has(`${folder}constants.pkl`)) {
    throw new FormatError({
      where,
      what: 'a TorchScript program, not weights',
      remedy: 'save the weights: torch.save(model.state_dict(), path)',
    })
  }
  const byteOrder = entries.get(`${folder}byteorder`)
  const order = byteOrder && byteOrder.byteCount <= 16 ? new TextDecoder().decode(byteOrder.read()) : 'little'
  if (order !== 'little')
    throw new FormatError({ where, what: 'byte order of its storages', expected: 'little', got: brief(order) })

  const storages = new Map<string, TorchStorage>()
  const findPersistent = (id: unknown): TorchStorage => {
    const [kind, type, key, , elementCount] = Array.isArray(id) ? id : []
    if (
      kind !== 'storage' ||
      !isTorchStorageType(type) ||
      typeof key !== 'string' ||
      !Number.isSafeInteger(elementCount) ||
      elementCount < 0
    ) {
      throw new FormatError({ where, what: 'a storage of the pickle is not described as torch.save does' })
    }
    const entry = entries.get(`${folder}data/${key}`)
    if (!entry) throw new FormatError({ where, what: `storage data/${key} is missing from the archive` })
    const { dtype } = type
    if (entry.byteCount !== elementCount * dtypeBytes[dtype]) {
      throw new FormatError({
        where,
        what: `bytes of storage data/${key}`,
        expected: `${elementCount * dtypeBytes[dtype]}`,
        got: `${entry.byteCount}`,
      })
    }
    // One key is one storage, however often it is named, so that tied tensors share memory and are checked once.
    const known = storages.get(key)
    if (known?.dtype === dtype) return known
    const storage = new TorchStorage(dtype, elementCount, entry)
    storages.set(key, storage)
    return storage
  }
  const globals = torchGlobals(where, (...parts) => makeTorchTensor(where, ...parts))
  const root = parsePickle(entries.get(pickleName)!.read(), `${where} ${pickleName}`, {
    findGlobal: globals,
    findPersistent,
  })
  const tensors = stateDict(root, where)
  let dataBytes = 0
  for (const { entry } of storages.values()) dataBytes += entry.byteCount
  return { where, tensors, dataBytes }
}

const wrappers = ['state_dict', 'model_state_dict', 'model', 'module', 'net', 'network', 'weights']

function stateDict(root: unknown, where: string): Map<string, RawTensor> {
  let dict = root
  for (let depth = 0; depth < 3 && dict instanceof Map; depth++) {
    const tensors = new Map<string, RawTensor>()
    for (const [name, value] of dict)
      if (typeof name === 'string' && value instanceof TorchTensor) tensors.set(name, value)
    const map: Map<unknown, unknown> = dict
    const wrapper = wrappers.find((name) => map.get(name) instanceof Map)
    if (wrapper === undefined) {
      if (tensors.size > 0) return tensors
      break
    }
    dict = map.get(wrapper)
  }
  const got =
    dict instanceof Map
      ? `the entries ${brief(
          [...dict.keys()]
            .filter((key) => typeof key === 'string')
            .slice(0, 8)
            .join(', '),
        )}`
      : dict instanceof TorchTensor
        ? 'one tensor'
        : dict instanceof PickleObject
          ? dict.global.name
          : typeof dict
  throw new FormatError({
    where,
    what: 'no state dict in it',
    expected: 'tensors by name',
    got,
    remedy: 'save the weights: torch.save(model.state_dict(), path)',
  })
}
