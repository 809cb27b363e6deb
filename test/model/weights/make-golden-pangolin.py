"""Makes golden/final.2.4.3.v2, a tiny network in the form of Pangolin's own files (brain's by its name), with PyTorch 2.13, and
beside it what it gives for a sequence, computed in float64.

    python test/model/weights/make-golden-pangolin.py
"""
import collections
import json
import os

import torch
from torch.nn import functional

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden')
CHANNELS, UNITS, WIDTH = 3, 4, 11
TISSUES = ('heart', 'liver', 'brain', 'testis')
seed = torch.Generator().manual_seed(5)


def values(*shape, scale=1.0, offset=0.0):
    return torch.randint(-64, 65, shape, generator=seed).float() / 64 * scale + offset


def make():
    t = collections.OrderedDict()

    def conv(name, outputs, inputs, width, scale=1.0):
        t[name + '.weight'], t[name + '.bias'] = values(outputs, inputs, width, scale=scale), values(outputs, scale=0.25)
    conv('conv1', CHANNELS, 4, 1)
    conv('skip', CHANNELS, CHANNELS, 1)
    for i in range(UNITS):
        for k in '12':
            norm = f'resblocks.{i}.bn{k}.'
            t[norm + 'weight'], t[norm + 'bias'] = values(CHANNELS, scale=0.25, offset=1), values(CHANNELS, scale=0.25)
            t[norm + 'running_mean'], t[norm + 'running_var'] = values(CHANNELS, scale=0.25), values(CHANNELS, scale=0.25, offset=1)
            t[norm + 'num_batches_tracked'] = torch.tensor(7)
            conv(f'resblocks.{i}.conv{k}', CHANNELS, CHANNELS, WIDTH, scale=0.5)
    conv('convs.0', CHANNELS, CHANNELS, 1)
    for j in range(8):
        conv(f'conv_last{j + 1}', 1 + (j + 1) % 2, CHANNELS, 1)
    return t


def run(tensors, sequence):
    t = {name: tensor.double() for name, tensor in tensors.items()}
    margin = UNITS * (WIDTH - 1)
    padded = 'N' * margin + sequence + 'N' * margin
    x = torch.tensor([[[float(base == letter) for base in padded] for letter in 'ACGT']], dtype=torch.float64)

    def conv(x, name):
        return functional.conv1d(x, t[name + '.weight'], t[name + '.bias'], padding=t[name + '.weight'].shape[2] // 2)

    def norm(x, name):
        parts = [t[f'{name}.{part}'] for part in ('running_mean', 'running_var', 'weight', 'bias')]
        return functional.relu(functional.batch_norm(x, *parts, eps=1e-5))
    x = conv(x, 'conv1')
    skip = conv(x, 'skip')
    for i in range(UNITS):
        y = conv(norm(x, f'resblocks.{i}.bn1'), f'resblocks.{i}.conv1')
        x = x + conv(norm(y, f'resblocks.{i}.bn2'), f'resblocks.{i}.conv2')
    core = (skip + conv(x, 'convs.0'))[:, :, margin:-margin]
    tracks = {}
    for i, tissue in enumerate(TISSUES):
        tracks[tissue + '_splice'] = torch.softmax(conv(core, f'conv_last{2 * i + 1}'), 1)[0, 1]
        tracks[tissue + '_usage'] = torch.sigmoid(conv(core, f'conv_last{2 * i + 2}'))[0, 0]
    return {name: [round(v, 9) for v in track.tolist()] for name, track in tracks.items()}


tensors = make()
torch.save(tensors, os.path.join(OUT, 'final.2.4.3.v2'))
sequence = ''.join('ACGTN'[int(i) // 5] for i in torch.randint(0, 21, (120,), generator=seed))
with open(os.path.join(OUT, 'pangolin-nano.expected.json'), 'w') as file:
    json.dump({'sequence': sequence, 'tracks': run(tensors, sequence)}, file)
