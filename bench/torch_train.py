"""Loss and gradients of our splice network in PyTorch, for bench/train.ts: the same windows, weights and threads, checked there.

    python bench/torch_train.py FOLDER THREADS SECONDS LAYOUT
"""
import json
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

folder, threads, seconds, layout = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
torch.set_num_threads(threads)
about = json.load(open(os.path.join(folder, 'about.json')))
raw = np.fromfile(os.path.join(folder, 'weights.f32'), np.float32)
weights, at = {}, 0
for name, shape in about['tensors']:
    count = int(np.prod(shape))
    weights[name] = torch.tensor(raw[at:at + count].reshape(shape), requires_grad=True)
    at += count
codes = torch.tensor(np.fromfile(os.path.join(folder, 'codes.f32'), np.float32)).long().view(about['windows'], -1)
labels = torch.tensor(np.fromfile(os.path.join(folder, 'labels.f32'), np.float32)).long().view(about['windows'], -1)
x = torch.eye(5)[codes][..., :4].permute(0, 2, 1).contiguous()


def conv(x, name, dilation=1):
    w, b = weights[f'{name}.weight'], weights[f'{name}.bias']
    if layout == 'conv1d':
        return F.conv1d(x, w, b, dilation=dilation)
    return F.conv2d(x, w.unsqueeze(2).contiguous(memory_format=torch.channels_last), b, dilation=(1, dilation))


def affine(x, name):
    shape = (1, -1, 1) if layout == 'conv1d' else (1, -1, 1, 1)
    return F.leaky_relu(x * weights[f'{name}.scale'].view(shape) + weights[f'{name}.shift'].view(shape), 0.1)


def step():
    r = x if layout == 'conv1d' else x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    r = conv(r, 'stem')
    for i, (width, dilation) in enumerate(about['units']):
        y = conv(affine(r, f'blocks.{i}.aff1'), f'blocks.{i}.conv1', dilation)
        y = conv(affine(y, f'blocks.{i}.aff2'), f'blocks.{i}.conv2', dilation)
        margin = (width - 1) * dilation
        r = r[..., margin:r.shape[-1] - margin] + y
    r = r.reshape(r.shape[0], r.shape[1], -1).transpose(1, 2)
    n = F.layer_norm(r, (r.shape[-1],), weights['norm.weight'], weights['norm.bias'], 1e-5)
    logits = F.linear(n, weights['head.weight'], weights['head.bias'])
    loss = F.cross_entropy(logits.reshape(-1, 3), labels.reshape(-1))
    for w in weights.values():
        w.grad = None
    loss.backward()
    return loss.item()


loss = step()
np.concatenate([w.grad.flatten().numpy() for w in weights.values()]).tofile(os.path.join(folder, 'gradients.f32'))
steps, cpu, wall = 0, time.process_time(), time.perf_counter()
while time.perf_counter() - wall < seconds or steps < 2:
    step()
    steps += 1
print(json.dumps({'loss': loss, 'cpuSeconds': (time.process_time() - cpu) / steps, 'seconds': (time.perf_counter() - wall) / steps,
                  'version': torch.__version__}))
