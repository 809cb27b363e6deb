"""Makes test/kernels/golden/long-conv-gradients.json with PyTorch 2.13: small long convolutions and what autograd gives in float64
(arguments are float32 values).

    python test/kernels/make-long-conv-gradients.py
"""
import json
import os

import torch
import torch.nn.functional as F

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden', 'long-conv-gradients.json')
BATCH, CHANNELS = 2, 2
# length, taps, the tap that meets the position itself, taps that are used, gates and skip
CASES = [
    (29, 12, 0, 12, True),
    (24, 31, 15, 31, True),
    (17, 23, 20, 23, False),
    (31, 19, 0, 7, True),
]
torch.manual_seed(3)


def values(*shape):
    return (2 * torch.rand(*shape) - 1).float().double().requires_grad_()


def case(length, taps, center, used, has_gates):
    x, pre, post, gradient = (values(BATCH, CHANNELS, length) for _ in range(4))
    filters, skip = values(CHANNELS, taps), values(CHANNELS)
    u = x * pre if has_gates else x
    # y[t] = sum_j filter[j] u[t + center - j]: conv1d correlates, so the filter is turned round.
    padded = F.pad(u, (used - 1 - center, center))
    y = F.conv1d(padded, filters[:, :used].flip(1)[:, None], groups=CHANNELS)
    if has_gates:
        y = post * (y + skip[None, :, None] * u)
    (y * gradient.detach()).sum().backward()
    arguments = {'input': x, 'filter': filters, **({'pre': pre, 'post': post, 'skip': skip} if has_gates else {})}
    numbers = lambda v: [float(f'{n:.9g}') for n in v.detach().flatten().tolist()]
    return {
        'channelCount': CHANNELS, 'batch': BATCH, 'alignment': center, 'filterLength': used,
        'gradient': numbers(gradient),
        'arguments': {k: numbers(v) for k, v in arguments.items()},
        'gradients': {k: numbers(v.grad) for k, v in arguments.items()},
    }


if __name__ == '__main__':
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with open(OUT, 'w') as f:
        json.dump([case(*c) for c in CASES], f)
        f.write('\n')
