"""Makes the small weights files of test/model/weights/golden with PyTorch 2.13: the same tiny models in every form that
genoconv reads, and files that it must refuse. All values are multiples of 1/64 below 2, exact in every float type.

    python test/model/weights/make-golden.py
"""
import collections
import json
import os
import struct
import sys
import types
import typing

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, 'golden')
D, INNER, WIDTH, EMB, LENGTH, LAYERS, VOCABULARY = 8, 16, 4, 5, 12, 2, 16
seed = torch.Generator().manual_seed(1)


def values(*shape):
    return torch.randint(-127, 128, shape, generator=seed).float() / 64


def hyena_original():
    """Names of the original form: `backbone.…`, no lm_head."""
    t = collections.OrderedDict({'backbone.embeddings.word_embeddings.weight': values(VOCABULARY, D)})
    for i in range(LAYERS):
        p = f'backbone.layers.{i}.'
        f = p + 'mixer.filter_fn.'
        for name, outputs, inputs in (('mixer.in_proj', 3 * D, D), ('mixer.out_proj', D, D), ('mlp.fc1', INNER, D), ('mlp.fc2', D, INNER)):
            t[p + name + '.weight'], t[p + name + '.bias'] = values(outputs, inputs), values(outputs)
        t[p + 'mixer.short_filter.weight'], t[p + 'mixer.short_filter.bias'] = values(3 * D, 1, 3), values(3 * D)
        t[f + 'bias'] = values(D)
        t[f + 'pos_emb.z'], t[f + 'pos_emb.t'] = values(1, LENGTH, EMB), values(1, LENGTH, 1)
        t[f + 'implicit_filter.0.weight'], t[f + 'implicit_filter.0.bias'] = values(WIDTH, EMB), values(WIDTH)
        freq = values(1, WIDTH)
        for j in (1, 3, 5):
            t[f + f'implicit_filter.{j}.freq'] = freq
        for j in (2, 4):
            t[f + f'implicit_filter.{j}.weight'], t[f + f'implicit_filter.{j}.bias'] = values(WIDTH, WIDTH), values(WIDTH)
        t[f + 'implicit_filter.6.weight'] = values(D, WIDTH)
        t[f + 'modulation.deltas'] = values(1, 1, D)
        for norm in ('norm1', 'norm2'):
            t[p + norm + '.weight'], t[p + norm + '.bias'] = values(D), values(D)
    t['backbone.ln_f.weight'], t['backbone.ln_f.bias'] = values(D), values(D)
    return t


def open_splice(channels=3):
    t = collections.OrderedDict()

    def conv(name, outputs, inputs, width):
        t[name + '.weight'], t[name + '.bias'] = values(outputs, inputs, width), values(outputs)
    conv('initial_conv', channels, 4, 1)
    conv('initial_skip.conv', channels, channels, 1)
    for j in range(4):
        for k in '12':
            norm = f'residual_units.{j}.batchnorm{k}.'
            for part in ('weight', 'bias', 'running_mean'):
                t[norm + part] = values(channels)
            t[norm + 'running_var'] = values(channels).abs() + 0.5
            t[norm + 'num_batches_tracked'] = torch.tensor(7)
            conv(f'residual_units.{j}.conv{k}', channels, channels, 11)
    conv('residual_units.4.conv', channels, channels, 1)
    conv('final_conv', 3, channels, 1)
    return t


def write_safetensors(path, tensors, metadata=None):
    header, at, blobs = ({'__metadata__': metadata} if metadata else {}), 0, []
    names = {torch.float32: 'F32', torch.float16: 'F16', torch.bfloat16: 'BF16', torch.float64: 'F64', torch.int64: 'I64'}
    for name, tensor in tensors.items():
        blob = bytes(tensor.contiguous().view(-1).view(torch.uint8).numpy()) if tensor.dim() else struct.pack('<q', int(tensor))
        header[name] = {'dtype': names[tensor.dtype], 'shape': list(tensor.shape), 'data_offsets': [at, at + len(blob)]}
        at += len(blob)
        blobs.append(blob)
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(blobs))


def stub(module, name, base=object):
    """A class of a framework that is not installed here, so that its name stands in the pickle as in a real checkpoint."""
    parts = module.split('.')
    for i in range(len(parts)):
        sys.modules.setdefault('.'.join(parts[:i + 1]), types.ModuleType(parts[i]))
    made = type(name, (base,), {'__module__': module})
    setattr(sys.modules[module], name, made)
    return made


def lightning(state):
    """What HyenaDNA's training leaves: weights among configurations, callbacks, optimizer states."""
    config = stub('omegaconf.dictconfig', 'DictConfig')()
    config._metadata = stub('omegaconf.base', 'ContainerMetadata')()
    config._metadata.object_type = dict
    config._metadata.element_type = typing.Any
    node = stub('omegaconf.nodes', 'AnyNode')()
    node._val = 3.5
    config._content = {'lr': node, 'seed': 2 ** 70, 'negative': -5, 'big': -2 ** 40}
    attributes = stub('pytorch_lightning.utilities.parsing', 'AttributeDict', dict)({'batch': 8, 'ratio': 0.25, 'names': ['a', 'b'], 'flag': True})
    callback = stub('pytorch_lightning.callbacks.model_checkpoint', 'ModelCheckpoint')
    renamed = {'model.' + k.replace('.mixer.', '.mixer.layer.').replace('.mlp.', '.mlp.layer.'): v for k, v in state.items()}
    return {
        'epoch': 3, 'global_step': 70000, 'pytorch-lightning_version': '1.8.6', 'state_dict': collections.OrderedDict(renamed),
        'loops': {'fit_loop': {'state_dict': {}, 'progress': {'total': {'ready': 1}}}},
        'callbacks': {callback: {'best_model_score': torch.tensor(0.5), 'best_k_models': {}}},
        'optimizer_states': [{'state': {0: {'step': torch.tensor(1.0), 'exp_avg': torch.zeros(3)}}, 'param_groups': [{'lr': 1e-3, 'betas': (0.9, 0.999), 'params': [0]}]}],
        'lr_schedulers': [], 'hparams_name': 'config', 'hyper_parameters': config, 'more': attributes,
        'unique': {1, 2}, 'device': torch.device('cpu'), 'dtype': torch.float16, 'size': torch.Size([2, 3]), 'counts': collections.defaultdict(list),
    }


class Evil:
    def __reduce__(self):
        return os.system, ('echo this was run',)


def main():
    os.makedirs(OUT, exist_ok=True)
    original = hyena_original()
    aliases = [name for name in original if name.endswith(('implicit_filter.3.freq', 'implicit_filter.5.freq'))]
    hf = {'hyena.' + k: v for k, v in original.items() if k not in aliases}
    hf['lm_head.weight'] = original['backbone.embeddings.word_embeddings.weight']
    os.makedirs(os.path.join(OUT, 'hyena-nano'), exist_ok=True)
    write_safetensors(os.path.join(OUT, 'hyena-nano', 'model.safetensors'), hf, {'format': 'pt'})
    with open(os.path.join(OUT, 'hyena-nano', 'config.json'), 'w') as f:
        json.dump({'model_type': 'hyenadna', 'd_model': D, 'd_inner': INNER, 'n_layer': LAYERS, 'max_seq_len': LENGTH, 'emb_dim': EMB, 'filter_order': WIDTH,
                   'num_inner_mlps': 2, 'hyena_order': 2, 'short_filter_order': 3, 'layer_norm_epsilon': 1e-5, 'vocab_size': 12, 'pad_vocab_size_multiple': 8}, f, indent=1)
    write_safetensors(os.path.join(OUT, 'original.safetensors'), original)
    torch.save(original, os.path.join(OUT, 'original.pt'))
    torch.save(lightning(original), os.path.join(OUT, 'lightning.ckpt'))
    torch.save(original, os.path.join(OUT, 'legacy.pt'), _use_new_zipfile_serialization=False)
    # Every storage type, a transposed view, parameters, tied tensors, a slice of a larger storage, under 'model'.
    mixed = {'hyena.' + k: v for k, v in original.items()}
    kinds = [torch.float32, torch.float16, torch.bfloat16, torch.float64]
    for i, name in enumerate(list(mixed)):
        mixed[name] = mixed[name].to(kinds[i % 4])
        if mixed[name].dim() == 2 and i % 3 == 0:
            mixed[name] = mixed[name].t().contiguous().t()
    for j in (1, 3, 5):
        mixed[f'hyena.backbone.layers.0.mixer.filter_fn.implicit_filter.{j}.freq'] = original['backbone.layers.0.mixer.filter_fn.implicit_filter.1.freq']
    embedding = 'hyena.backbone.embeddings.word_embeddings.weight'
    mixed[embedding] = torch.cat([values(3, D), mixed[embedding].float(), values(2, D)])[3:3 + VOCABULARY]
    mixed['lm_head.weight'] = torch.nn.Parameter(mixed[embedding])
    mixed['hyena.backbone.ln_f.weight'] = torch.nn.Parameter(mixed['hyena.backbone.ln_f.weight'])
    # Attributes, as HyenaDNA's training sets them on parameters.
    mixed['hyena.backbone.ln_f.weight']._optim = {'lr': 0.0}
    mixed['hyena.backbone.ln_f.bias'] = mixed['hyena.backbone.ln_f.bias'].clone()
    mixed['hyena.backbone.ln_f.bias']._optim = {'lr': 0.0}
    torch.save({'model': mixed, 'step': 5}, os.path.join(OUT, 'mixed.pth'))
    splice = open_splice()
    torch.save(splice, os.path.join(OUT, 'openspliceai-nano.pt'))
    write_safetensors(os.path.join(OUT, 'openspliceai-nano.safetensors'), splice)
    torch.save({'model_state_dict': splice, 'hook': Evil()}, os.path.join(OUT, 'evil.pt'))
    torch.save(torch.nn.Linear(2, 2), os.path.join(OUT, 'whole-module.pt'))
    torch.save({'w': torch.zeros(1).expand(1000, 1000)}, os.path.join(OUT, 'expanded.pt'))


main()
