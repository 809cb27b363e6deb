"""A member of an exported model -> a checkpoint that train.py --init takes.

    python training/warm.py --exported models/splice --member 0 --arch trunk32 --out training/runs/warm.pt

The convolutional units are put, in order, at the first units of --arch that have their dilation; what has no counterpart
is left to train.py, where new units start as the identity. Export folds batch norms into scale and shift; here they are
unfolded again with the statistics of training windows, so that the network is the same one in training mode.
"""
import argparse
import os
import sys

import numpy as np
import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from data import Genome
from export import load_exported
from model import SpliceNet, architecture, one_hot
from sampling import Sampler


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--data', default='../shared/data/human')
    p.add_argument('--exported', default=os.path.join(HERE, '..', 'models', 'splice'))
    p.add_argument('--member', type=int, default=0)
    p.add_argument('--arch', default='trunk32')
    p.add_argument('--out', required=True)
    a = p.parse_args()
    torch.set_num_threads(1)
    old, config = load_exported(a.exported, torch.float32)[a.member], architecture(a.arch)
    net = SpliceNet(config, 0.0).eval()
    state = net.state_dict()
    taken = {k: old.t[k] for k in ('stem.weight', 'stem.bias', 'norm.weight', 'norm.bias', 'head.weight', 'head.bias')}
    at, used = 0, []
    for i, spec in enumerate(old.config['blocks']):
        if spec['type'] != 'conv':
            continue
        while config['blocks'][at] != spec:
            at += 1
        for name, tensor in old.t.items():
            if name.startswith(f'blocks.{i}.'):
                rest = name.split('.', 2)[2].replace('aff', 'bn').replace('.scale', '.weight').replace('.shift', '.bias')
                taken[f'blocks.{at}.{rest}'] = tensor
        used.append(at)
        at += 1
    for i, b in enumerate(net.blocks):
        if i not in used:
            torch.nn.init.zeros_(b.conv2.weight)
            torch.nn.init.zeros_(b.conv2.bias)
    net.load_state_dict({**state, **{k: v.clone() for k, v in taken.items()}})
    sums = {}
    def watch(bn):
        def hook(_, args):
            x = args[0].double()
            s = sums.setdefault(bn, [0, 0, 0])
            s[0] += x.numel() / x.shape[1]
            s[1] = s[1] + x.sum((0, 2, 3))
            s[2] = s[2] + (x * x).sum((0, 2, 3))
        return hook
    for i in used:
        for bn in (net.blocks[i].bn1, net.blocks[i].bn2):
            bn.register_forward_pre_hook(watch(bn))
    cache = os.path.join(HERE, 'runs', 'cache')
    sampler = Sampler(Genome(a.data, cache=cache), 1024, 128, 5, (0.55, 0.4, 0.05), 0.01, recombine=0.3, gaps=0.25)
    with torch.no_grad():
        for _ in range(10):
            net(one_hot(sampler.batch(16)[0]))
        for i in used:
            for j in '12':
                bn = getattr(net.blocks[i], f'bn{j}')
                n, s, q = sums[bn]
                mean = s / n
                var = q / n - mean * mean
                name = f'blocks.{i}.bn{j}.'
                scale, shift = taken[name + 'weight'].double(), taken[name + 'bias'].double()
                taken[name + 'weight'] = (scale * torch.sqrt(var + bn.eps)).float()
                taken[name + 'bias'] = (shift + scale * mean).float()
                taken[name + 'running_mean'], taken[name + 'running_var'] = mean.float(), var.float()
    torch.save({'config': config, 'ema': taken}, a.out)
    print(a.out, len(taken), 'tensors; units', used)


if __name__ == '__main__':
    main()
