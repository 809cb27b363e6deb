"""Checkpoint -> models/splice/{config.json, model.safetensors} and training/golden.safetensors.

    python training/export.py --checkpoint training/runs/x/checkpoint.pt [--f32]

BatchNorm is folded into per-channel scale and shift, the implicit long filters become explicit taps, the auxiliary
head is dropped. Weights are stored as float16 (float32 with --f32); the golden file is computed from the stored values.
"""
import argparse
import json
import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from model import TRACKS, SpliceNet, one_hot

TYPES = {'F16': np.float16, 'F32': np.float32, 'F64': np.float64, 'U8': np.uint8}
NAMES = {np.dtype(v): k for k, v in TYPES.items()}


def write_safetensors(path, tensors, metadata=None):
    header, at, blobs = {}, 0, []
    if metadata:
        header['__metadata__'] = metadata
    for name, array in tensors.items():
        array = np.ascontiguousarray(array)
        header[name] = {'dtype': NAMES[array.dtype], 'shape': list(array.shape), 'data_offsets': [at, at + array.nbytes]}
        at += array.nbytes
        blobs.append(array.tobytes())
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(blobs))


def read_safetensors(path):
    data = open(path, 'rb').read()
    n, = struct.unpack('<Q', data[:8])
    out = {}
    for name, entry in json.loads(data[8:8 + n]).items():
        if name != '__metadata__':
            a, b = entry['data_offsets']
            out[name] = np.frombuffer(data[8 + n + a:8 + n + b], TYPES[entry['dtype']]).reshape(entry['shape'])
    return out


def config_text(config):
    """JSON with one line a block."""
    import re
    return re.sub(r'\{\s+("type"[^}]*?)\s+\}', lambda m: '{ ' + re.sub(r'\s+', ' ', m[1]) + ' }', json.dumps(config, indent=1)) + '\n'


def folded_tensors(net):
    """The tensors of the inference contract, float64."""
    t = {'stem.weight': net.stem.weight, 'stem.bias': net.stem.bias}
    for i, (spec, b) in enumerate(zip(net.config['blocks'], net.blocks)):
        p = f'blocks.{i}.'
        if spec['type'] == 'conv':
            for j, bn in (('1', b.bn1), ('2', b.bn2)):
                scale = bn.weight.double() / torch.sqrt(bn.running_var.double() + bn.eps)
                t[p + f'aff{j}.scale'], t[p + f'aff{j}.shift'] = scale, bn.bias.double() - bn.running_mean.double() * scale
            for j in ('conv1', 'conv2'):
                t[p + j + '.weight'], t[p + j + '.bias'] = getattr(b, j).weight, getattr(b, j).bias
            continue
        layers = ['norm', 'in_proj', 'out_proj'] if spec['type'] == 'hyena' else ['norm', 'fc1', 'fc2']
        for j in layers:
            t[p + j + '.weight'], t[p + j + '.bias'] = getattr(b, j).weight, getattr(b, j).bias
        if spec['type'] == 'hyena':
            t[p + 'short.weight'], t[p + 'short.bias'] = b.short.weight.squeeze(1), b.short.bias
            t[p + 'filter'], t[p + 'D'] = b.coefficients.double() @ b.basis.double(), b.D
    for j in ('norm', 'head'):
        t[j + '.weight'], t[j + '.bias'] = getattr(net, j).weight, getattr(net, j).bias
    return {k: v.detach().double().numpy() for k, v in t.items()}


class ExportedNet:
    """The inference contract, written once more in plain PyTorch float64 from the exported tensors."""

    def __init__(self, config, tensors, dtype=torch.float64):
        self.config, self.dtype = config, dtype
        self.t = {k: torch.tensor(np.asarray(v, np.float64)).to(dtype) for k, v in tensors.items()}
        self.half_field = max(config['receptive_field'].values())

    def eval(self):
        return self

    def __call__(self, onehot):
        t, x = self.t, onehot.to(self.dtype)
        def conv(x, w, b, a=1, groups=1):
            return F.conv1d(x, w, b, padding=(w.shape[-1] - 1) // 2 * a, dilation=a, groups=groups)
        def norm(x, p):
            return F.layer_norm(x.transpose(1, 2), (x.shape[1],), t[p + 'norm.weight'], t[p + 'norm.bias'], 1e-5)
        def dense(x, p):
            return x @ t[p + '.weight'].T + t[p + '.bias']
        def act(x, p):
            return F.leaky_relu(x * t[p + '.scale'][:, None] + t[p + '.shift'][:, None], 0.1)
        r = conv(x, t['stem.weight'], t['stem.bias'])
        length = r.shape[-1]
        for i, spec in enumerate(self.config['blocks']):
            p = f'blocks.{i}.'
            if spec['type'] == 'conv':
                a = spec['dilation']
                h = conv(act(r, p + 'aff1'), t[p + 'conv1.weight'], t[p + 'conv1.bias'], a)
                r = r + conv(act(h, p + 'aff2'), t[p + 'conv2.weight'], t[p + 'conv2.bias'], a)
            elif spec['type'] == 'hyena':
                u = dense(norm(r, p), p + 'in_proj').transpose(1, 2)
                u = conv(u, t[p + 'short.weight'][:, None], t[p + 'short.bias'], groups=u.shape[1])
                x0, x1, v = u.chunk(3, 1)
                g, k = v * x1, t[p + 'filter']
                half, size = (k.shape[1] - 1) // 2, 1 << (length + k.shape[1]).bit_length()
                y = torch.fft.irfft(torch.fft.rfft(g, n=size) * torch.fft.rfft(k, n=size), n=size)
                y = x0 * (y[..., half:half + length] + t[p + 'D'][:, None] * g)
                r = r + dense(y.transpose(1, 2), p + 'out_proj').transpose(1, 2)
            else:
                h = F.gelu(dense(norm(r, p), p + 'fc1'), approximate='tanh')
                r = r + dense(h, p + 'fc2').transpose(1, 2)
        return dense(norm(r, ''), 'head')


def load_exported(folder, dtype=torch.float64):
    """Members of models/splice as a list of ExportedNet (one, unless config.json has `members`)."""
    config = json.load(open(os.path.join(folder, 'config.json')))
    tensors = read_safetensors(os.path.join(folder, 'model.safetensors'))
    if config.get('members', 1) == 1:
        return [ExportedNet(config, tensors, dtype)]
    return [ExportedNet(config, {k.split('.', 2)[2]: v for k, v in tensors.items() if k.startswith(f'members.{m}.')}, dtype)
            for m in range(config['members'])]


def golden_codes(nets, data):
    """20,000 bases that see everything: contig border, an N run, a real held-out gene with both kinds of site."""
    from data import read_fasta_codes
    codes = read_fasta_codes(data)[1000:6000]
    random = np.random.default_rng(7)
    other = random.integers(0, 4, 9000).astype(np.uint8)
    codes = np.concatenate([codes, np.full(150, 4, np.uint8), other])
    codes[[37, 2000, 2001]] = 4
    return codes


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--checkpoint', nargs='+', required=True, help='several: an ensemble, the mean of their probabilities')
    p.add_argument('--model', default=os.path.join(HERE, '..', 'models', 'splice'))
    p.add_argument('--sample', default=os.path.join(HERE, '..', 'data-samples', 'BIRC7.fa'))
    p.add_argument('--f32', action='store_true')
    a = p.parse_args()
    torch.set_num_threads(1)
    members, nets = [], []
    for path in a.checkpoint:
        stored = torch.load(path, weights_only=False)
        net = SpliceNet(stored['config'], 0.0).eval()
        net.load_state_dict(stored['ema'])
        members.append(folded_tensors(net))
        nets.append(net)
    config = {**stored['config'], 'receptive_field': {'left': net.half_field, 'right': net.half_field}}
    store = np.float32 if a.f32 else np.float16
    config['members'] = len(members)
    if len(members) > 1:
        tensors = {f'members.{i}.{k}': v.astype(store) for i, m in enumerate(members) for k, v in m.items()}
    else:
        tensors = {k: v.astype(store) for k, v in members[0].items()}
    assert all(np.isfinite(v).all() for v in tensors.values())
    os.makedirs(a.model, exist_ok=True)
    write_safetensors(os.path.join(a.model, 'model.safetensors'), tensors, {'format': 'pt', 'licence': 'Apache-2.0'})
    with open(os.path.join(a.model, 'config.json'), 'w') as f:
        f.write(config_text(config))
    codes = golden_codes(members, a.sample)
    pad = net.half_field
    x = one_hot(np.pad(codes, pad, constant_values=4)[None])
    probability = [torch.stack([torch.softmax(n(x), -1)[0, pad:-pad] for n in load_exported(a.model, dtype)]).mean(0).numpy()
                   for dtype in (torch.float64, torch.float32)]
    print('float32 against float64: %.1e; strongest acceptor %.3f, donor %.3f' % (
        np.abs(probability[0] - probability[1]).max(), probability[0][:, 1].max(), probability[0][:, 2].max()))
    with torch.no_grad():
        original = torch.stack([torch.softmax(n(x), -1)[0, pad:-pad] for n in nets]).mean(0).numpy()
    print('stored weights against the checkpoint: %.1e' % np.abs(original - probability[0]).max())
    write_safetensors(os.path.join(HERE, 'golden.safetensors'), {
        'sequence': np.frombuffer(b'ACGTN', np.uint8)[codes], 'probability_f64': probability[0],
        'probability_f32': probability[1].astype(np.float32)})
    print(os.path.getsize(os.path.join(a.model, 'model.safetensors')), 'bytes')


if __name__ == '__main__':
    main()
