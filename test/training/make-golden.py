"""Makes test/training/golden/*.json with PyTorch 2.13: two small networks, a row of training windows each, and what autograd gives
in float64 (weights are float32 values).

    python test/training/make-golden.py
"""
import json
import os

import torch
import torch.nn.functional as F

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden')
torch.manual_seed(1)
D, CLASSES, SEGMENTS, LENGTH = 4, 3, 6, 90
SITE_WEIGHT, SEGMENT_WEIGHT = 2.0, 0.5
UNITS = [(3, 1), (5, 2), (3, 4), (3, 1)]


def values(*shape, low=-0.6, high=0.6):
    return (torch.rand(*shape) * (high - low) + low).double().requires_grad_()


def row(halo):
    codes = torch.randint(0, 5, (LENGTH + 2 * halo,))
    labels = torch.randint(0, CLASSES, (LENGTH,))
    segments = torch.randint(0, SEGMENTS, (LENGTH,))
    hidden = torch.rand(LENGTH) < 0.2
    labels[hidden], segments[hidden] = -1, -1
    return codes, labels, segments


def one_hot(codes):
    return torch.eye(5, dtype=torch.float64)[codes][:, :4].T[None]


def unit(r, p, t, affine, width, dilation):
    def through(x, k):
        scale, shift = affine(p, k)
        x = F.leaky_relu(x * scale[None, :, None] + shift[None, :, None], 0.1)
        return F.conv1d(x, t[f'{p}.conv{k}.weight'], t[f'{p}.conv{k}.bias'], dilation=dilation)
    margin = (width - 1) * dilation
    return r[..., margin:r.shape[-1] - margin] + through(through(r, 1), 2)


def loss(logits, labels):
    return F.cross_entropy(logits[0].T[labels >= 0], labels[labels >= 0])


def save(name, architecture, t, constants, codes, labels, segments, site, segment):
    (SITE_WEIGHT * site + (0 if segment is None else SEGMENT_WEIGHT * segment)).backward()
    numbers = lambda x: [float(f'{v:.9g}') for v in x.detach().flatten().tolist()]
    with open(os.path.join(OUT, f'{name}.json'), 'w') as f:
        json.dump({
            'architecture': architecture, 'siteWeight': SITE_WEIGHT, 'segmentWeight': SEGMENT_WEIGHT,
            'tensors': {k: {'shape': list(v.shape), 'data': numbers(v)} for k, v in {**t, **constants}.items()},
            'codes': codes.tolist(), 'labels': labels.tolist(), 'segments': None if segment is None else segments.tolist(),
            'siteLoss': site.item(), 'segmentLoss': None if segment is None else segment.item(),
            'gradients': {k: numbers(v.grad) for k, v in t.items()},
        }, f)
        f.write('\n')


def rounded(t):
    for v in t.values():
        v.data = v.data.float().double()
    return t


def splice():
    stem = 5
    t = {'stem.weight': values(D, 4, stem), 'stem.bias': values(D)}
    for i, (w, _) in enumerate(UNITS):
        for k in (1, 2):
            t[f'blocks.{i}.aff{k}.scale'], t[f'blocks.{i}.aff{k}.shift'] = values(D, low=0.5, high=1.5), values(D)
            t[f'blocks.{i}.conv{k}.weight'], t[f'blocks.{i}.conv{k}.bias'] = values(D, D, w), values(D)
    t.update({'norm.weight': values(D, low=0.5, high=1.5), 'norm.bias': values(D), 'head.weight': values(CLASSES, D),
              'head.bias': values(CLASSES), 'segment_head.weight': values(SEGMENTS, D), 'segment_head.bias': values(SEGMENTS)})
    rounded(t)
    codes, labels, segments = row((stem - 1) // 2 + sum((w - 1) * a for w, a in UNITS))
    r = F.conv1d(one_hot(codes), t['stem.weight'], t['stem.bias'])
    for i, (w, a) in enumerate(UNITS):
        r = unit(r, f'blocks.{i}', t, lambda p, k: (t[f'{p}.aff{k}.scale'], t[f'{p}.aff{k}.shift']), w, a)
    n = F.layer_norm(r.transpose(1, 2), (D,), t['norm.weight'], t['norm.bias'], 1e-5)
    logits, segment_logits = (F.linear(n, t[f'{h}.weight'], t[f'{h}.bias']).transpose(1, 2) for h in ('head', 'segment_head'))
    architecture = {'kind': 'splice-hyena', 'modelWidth': D, 'stemWidth': stem,
                    'blocks': [{'type': 'conv', 'width': w, 'dilation': a} for w, a in UNITS]}
    save('splice', architecture, t, {}, codes, labels, segments, loss(logits, labels), loss(segment_logits, segments))


def openspliceai():
    t, constants = {'initial_conv.weight': values(D, 4, 1), 'initial_conv.bias': values(D),
                    'initial_skip.conv.weight': values(D, D, 1), 'initial_skip.conv.bias': values(D)}, {}
    for i, (w, _) in enumerate(UNITS):
        for k in (1, 2):
            p = f'residual_units.{i}'
            t[f'{p}.batchnorm{k}.weight'], t[f'{p}.batchnorm{k}.bias'] = values(D, low=0.5, high=1.5), values(D)
            constants[f'{p}.batchnorm{k}.running_mean'] = values(D)
            constants[f'{p}.batchnorm{k}.running_var'] = values(D, low=0.3, high=2.0)
            t[f'{p}.conv{k}.weight'], t[f'{p}.conv{k}.bias'] = values(D, D, w), values(D)
    t['residual_units.4.conv.weight'], t['residual_units.4.conv.bias'] = values(D, D, 1), values(D)
    t['final_conv.weight'], t['final_conv.bias'] = values(CLASSES, D, 1), values(CLASSES)
    rounded(t), rounded(constants)

    def affine(p, k):
        p = f'{p}.batchnorm{k}'
        scale = t[f'{p}.weight'] / torch.sqrt(constants[f'{p}.running_var'].detach() + 1e-5)
        return scale, t[f'{p}.bias'] - constants[f'{p}.running_mean'].detach() * scale
    codes, labels, segments = row(sum((w - 1) * a for w, a in UNITS))
    core = lambda x: x[..., (x.shape[-1] - LENGTH) // 2:][..., :LENGTH]
    conv = lambda name, x: F.conv1d(x, t[f'{name}.weight'], t[f'{name}.bias'])
    x = conv('initial_conv', one_hot(codes))
    total = conv('initial_skip.conv', core(x))
    for i, (w, a) in enumerate(UNITS):
        x = unit(x, f'residual_units.{i}', t, affine, w, a)
    logits = conv('final_conv', total + conv('residual_units.4.conv', core(x)))
    architecture = {'kind': 'openspliceai', 'channelCount': D, 'contextBases': 2 * sum((w - 1) * a for w, a in UNITS),
                    'units': [{'width': w, 'dilation': a} for w, a in UNITS]}
    save('openspliceai', architecture, t, constants, codes, labels, segments, loss(logits, labels), None)


if __name__ == '__main__':
    os.makedirs(OUT, exist_ok=True)
    splice()
    openspliceai()
