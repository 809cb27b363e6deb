import { FormatError } from '../../errors.ts'
import { PickleGlobal } from './pickle-values.ts'
import type { DType, RawTensor } from './raw-tensor.ts'

/**
 * The allow-list of names a weights pickle may refer to, in two parts.
 *
 * Understood: what makes up tensors and dictionaries.
 * Inert: classes of plain data that training frameworks put beside the weights (Lightning's hyper-parameters, omegaconf
 * configurations, optimizer settings). We keep them as names with arguments and never look at them.
 *
 * Everything else is refused with its name, wherever in the file it stands, also where the weights could be had without
 * it: a file that names `os.system` is not one to take weights from, and PyTorch's own weights_only loader refuses too.
 * Nothing in either list is run: there is no Python here, and "calling" a name makes plain data.
 */

/** A storage class: the type of its values. */
export class TorchStorageType extends PickleGlobal {
  readonly dtype: DType
  constructor(name: string, dtype: DType) {
    super(name)
    this.dtype = dtype
  }
}
export const isTorchStorageType = (value: unknown): value is TorchStorageType => value instanceof TorchStorageType

const storageTypes: Readonly<Record<string, DType>> = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

const inertNames = new Set([
  // Python
  ...['__builtin__', 'builtins'].flatMap((module) =>
    [
      'dict',
      'list',
      'set',
      'frozenset',
      'tuple',
      'int',
      'float',
      'str',
      'bool',
      'bytes',
      'bytearray',
      'complex',
      'object',
      'slice',
      'range',
    ].map((name) => `${module}.${name}`),
  ),
  '_codecs.encode',
  'argparse.Namespace',
  'collections.Counter',
  'collections.deque',
  'copyreg._reconstructor',
  'copy_reg._reconstructor',
  'datetime.date',
  'datetime.datetime',
  'datetime.timedelta',
  'datetime.timezone',
  'pathlib.Path',
  'pathlib.PosixPath',
  'pathlib.PurePosixPath',
  'pathlib.WindowsPath',
  'pathlib.PureWindowsPath',
  'pathlib._local.PosixPath',
  'pathlib._local.WindowsPath',
  'typing.Any',
  'uuid.UUID',
  // PyTorch
  'torch.Size',
  'torch.Tensor',
  'torch.nn.parameter.Parameter',
  'torch.device',
  'torch.Generator',
  'torch.layout',
  'torch.strided',
  'torch.contiguous_format',
  ...[
    'float32',
    'float',
    'float64',
    'double',
    'float16',
    'half',
    'bfloat16',
    'int64',
    'long',
    'int32',
    'int',
    'int16',
    'int8',
    'uint8',
    'bool',
  ].map((name) => `torch.${name}`),
  'torch.serialization._get_layout',
  'torch.torch_version.TorchVersion',
  // numpy (metrics and random states)
  ...['numpy', 'numpy.core.multiarray', 'numpy._core.multiarray'].flatMap((module) =>
    ['_reconstruct', 'scalar', 'dtype', 'ndarray'].map((name) => `${module}.${name}`),
  ),
  // omegaconf and hydra configurations, as HyenaDNA's own training keeps them in weights.ckpt
  'omegaconf.base.ContainerMetadata',
  'omegaconf.base.Metadata',
  'omegaconf.base.SCMode',
  'omegaconf.dictconfig.DictConfig',
  'omegaconf.listconfig.ListConfig',
  ...['Any', 'String', 'Integer', 'Float', 'Boolean', 'Bytes', 'Path', 'Enum', 'Union', 'InterpolationResult'].map(
    (kind) => `omegaconf.nodes.${kind}Node`,
  ),
  'omegaconf.nodes.ValueNode',
  'omegaconf.base.UnionNode',
  // Lightning
  ...['pytorch_lightning', 'lightning.pytorch'].map((module) => `${module}.utilities.parsing.AttributeDict`),
  'lightning_fabric.utilities.data.AttributeDict',
  'lightning.fabric.utilities.data.AttributeDict',
])
/** Lightning before 1.5 keyed callback states by their class. */
const callbackClass = /^(pytorch_lightning|lightning\.pytorch)\.callbacks(\.[a-z_]+)+\.[A-Z]\w+$/

/**
 * @param makeTensor builds a tensor from a storage, offset, shape and strides, or throws
 * @returns a lookup that gives the global of a name, or throws FormatError "pickle with code in it"
 */
export function torchGlobals(
  where: string,
  makeTensor: (storage: unknown, offset: unknown, shape: unknown, strides: unknown) => RawTensor,
): (name: string) => PickleGlobal {
  const understood = new Map<string, PickleGlobal>(
    [
      // Their entries follow as items; arguments, a default's class, are not looked at.
      new PickleGlobal('collections.OrderedDict', () => new Map()),
      new PickleGlobal('collections.defaultdict', () => new Map()),
      new PickleGlobal('torch._utils._rebuild_tensor_v2', ([storage, offset, shape, strides]) =>
        makeTensor(storage, offset, shape, strides),
      ),
      new PickleGlobal('torch._utils._rebuild_tensor', ([storage, offset, shape, strides]) =>
        makeTensor(storage, offset, shape, strides),
      ),
      new PickleGlobal('torch._utils._rebuild_parameter', ([tensor]) => tensor),
      new PickleGlobal('torch._utils._rebuild_parameter_with_state', ([tensor]) => tensor),
      // A tensor with attributes set on it (HyenaDNA's training marks some with learning rates): (rebuild, type, args, attributes).
      new PickleGlobal('torch._tensor._rebuild_from_type_v2', ([rebuild, , args]) =>
        rebuild instanceof PickleGlobal && rebuild.name.startsWith('torch._utils.') && Array.isArray(args)
          ? rebuild.construct?.(args)
          : undefined,
      ),
      new PickleGlobal('torch.Size', ([sizes]) => sizes),
      ...Object.entries(storageTypes).map(([name, dtype]) => new TorchStorageType(`torch.${name}`, dtype)),
    ].map((global) => [global.name, global]),
  )
  return (name) => {
    const known = understood.get(name)
    if (known) return known
    if (!inertNames.has(name) && !callbackClass.test(name)) {
      throw new FormatError({
        where,
        what: `pickle with code in it: it refers to ${name.length > 100 ? `${name.slice(0, 97)}...` : name}, which genoconv does not run`,
        remedy:
          'if you trust the file, save only its weights: torch.save(model.state_dict(), path), or convert it to safetensors',
      })
    }
    const inert = new PickleGlobal(name)
    understood.set(name, inert)
    return inert
  }
}
