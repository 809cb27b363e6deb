"""Train one network. Single-threaded, seeded; checkpoints and the log go to --out (git-ignored).

    python training/train.py --data ../shared/data/human --arch local48 --minutes 12 --out training/runs/a
"""
import argparse
import copy
import json
import math
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from data import SELECTION, Genome, genes_within
from model import SpliceNet, architecture, one_hot
from predict import gene_codes, predict_codes, predict_genes, summary
from sampling import Sampler


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument('--data', default='../shared/data/human')
    p.add_argument('--out', required=True)
    p.add_argument('--arch', default='local48')
    p.add_argument('--minutes', type=float, default=10)
    p.add_argument('--steps', type=int, default=0, help='length of the schedule in steps instead of minutes')
    p.add_argument('--stop', type=int, default=0, help='stop after this many steps of the schedule')
    p.add_argument('--batch', type=int, default=16)
    p.add_argument('--length', type=int, default=2048)
    p.add_argument('--margin', type=int, default=200)
    p.add_argument('--lr', type=float, default=3e-3)
    p.add_argument('--muon', type=float, default=0.0, help='rate of Muon for the dense convolutions; 0: AdamW for all')
    p.add_argument('--decay', type=float, default=0.02)
    p.add_argument('--dropout', type=float, default=0.1)
    p.add_argument('--mutate', type=float, default=0.0)
    p.add_argument('--recombine', type=float, default=0.0, help='share of site windows joined from two coding exons')
    p.add_argument('--segments', type=float, default=0.5, help='weight of the auxiliary exon/intron/phase target')
    p.add_argument('--mix', default='0.5,0.35,0.15')
    p.add_argument('--mine', default='0.3,0.6', help='fractions of the schedule at which decoys are mined')
    p.add_argument('--init', help='checkpoint to start from (matching names and shapes)')
    p.add_argument('--trunk-rate', type=float, default=1.0, help='learning-rate factor of what came from --init')
    p.add_argument('--use-selection', action='store_true', help='train on the selection slice too (final run)')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--threads', type=int, default=1)
    return p.parse_args()


class Muon:
    """Momentum whose update is orthogonalised (five Newton-Schulz steps); for the dense convolution weights."""

    def __init__(self, parameters, momentum=0.95, decay=0.0):
        self.parameters, self.momentum, self.decay = parameters, momentum, decay
        self.buffers = [torch.zeros_like(q) for q in parameters]

    @torch.no_grad()
    def step(self, rate):
        for q, b in zip(self.parameters, self.buffers):
            b.lerp_(q.grad, 1 - self.momentum)
            x = q.grad.lerp(b, self.momentum).flatten(1)
            x = x / (x.norm() + 1e-9)
            for _ in range(5):
                s = x @ x.T
                x = 3.4445 * x + (-4.7750 * s + 2.0315 * s @ s) @ x
            q.mul_(1 - rate * self.decay).sub_(x.view_as(q), alpha=rate)


def losses(net, batch, segment_weight):
    codes, sites, segments, mask = batch
    logits, segment_logits = net(one_hot(codes), auxiliary=True)
    mask = torch.as_tensor(mask)
    sites, segments = torch.as_tensor(sites).long()[mask], torch.as_tensor(segments).long()[mask]
    site_loss = F.cross_entropy(logits[mask], sites, reduction='sum') / (4 * len(codes))
    segment_loss = F.cross_entropy(segment_logits[mask], segments)
    return site_loss, segment_loss, site_loss + segment_weight * segment_loss


def mine(net, genome, sampler, budget_bases=3_000_000, halo=256):
    """Scores random genes' bodies; strong predictions that are no sites become decoys."""
    net.eval()
    order = sampler.random.permutation(len(sampler.spliced))
    decoys, weight, seen = [], [], 0
    for i in order:
        g = sampler.spliced[i]
        if g.end - g.start > 400_000:
            continue
        y = genome.sites[g.contig][g.strand][g.start:g.end]
        y = y if g.strand == '+' else y[::-1]
        p = predict_codes([net], gene_codes(genome.codes[g.contig], g, halo), halo)
        for kind in (1, 2):
            for j in np.nonzero((p[:, kind] > 0.05) & (y != kind))[0]:
                decoys.append((g.contig, g.strand, g.start + int(j) if g.strand == '+' else g.end - 1 - int(j)))
                weight.append(float(p[j, kind]) ** 0.5)
        seen += g.end - g.start
        if seen > budget_bases:
            break
    net.train()
    if decoys:
        sampler.set_decoys(decoys, weight)
    return len(decoys), seen


def main():
    a = arguments()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    os.makedirs(a.out, exist_ok=True)
    log_file = open(os.path.join(a.out, 'log.txt'), 'a')

    def log(text):
        print(text, flush=True)
        log_file.write(text + '\n')
        log_file.flush()

    cache = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'runs', 'cache')
    genome = Genome(a.data, hide_selection=not a.use_selection, cache=cache)
    sampler = Sampler(genome, a.length, a.margin, a.seed, tuple(float(x) for x in a.mix.split(',')), a.mutate,
                      recombine=a.recombine)
    validation = [g for c, spans in SELECTION.items() for s, e in spans for g in genes_within(a.data, c, s, e, spliced_only=True)]
    full = {c: np.load(os.path.join(cache, f'codes.{c}.npy')) for c in SELECTION}

    config = architecture(a.arch)
    net = SpliceNet(config, a.dropout)
    loaded = set()
    if a.init:
        old, new = torch.load(a.init)['ema'], net.state_dict()
        loaded = {k for k in new if k in old and old[k].shape == new[k].shape}
        net.load_state_dict({k: old[k] if k in loaded else v for k, v in new.items()})
    ema = copy.deepcopy(net).eval()
    groups, dense_names = {}, [n for n, q in net.named_parameters() if '.conv' in n and q.dim() == 3] if a.muon else []
    muon = Muon([q for n, q in net.named_parameters() if n in dense_names], decay=a.decay)
    muon_factor = a.trunk_rate if loaded else 1.0
    for name, q in net.named_parameters():
        if name in dense_names:
            continue
        key = (name in loaded, q.dim() > 1)
        groups.setdefault(key, []).append(q)
    optimizer = torch.optim.AdamW([{'params': qs, 'weight_decay': a.decay if matrix else 0.0,
                                    'factor': a.trunk_rate if old else 1.0}
                                   for (old, matrix), qs in groups.items()], lr=a.lr, betas=(0.9, 0.98))
    log(json.dumps(vars(a)) + f' torch {torch.__version__} parameters {sum(q.numel() for q in net.parameters())}'
        f' half field {net.half_field} sites {len(sampler.site_list)} genes {len(sampler.spliced)}')
    begin = time.time()
    pending = [float(x) for x in a.mine.split(',') if x]
    step, last_log, last_save, sums = 0, begin, begin, []

    def evaluate(network, label):
        t = time.time()
        halo = min(network.half_field, 6000)
        r = summary(predict_genes([network], full, validation, halo))
        log(f'{label} step {step} ' + '; '.join(f'{k} {n} top-k {x:.3f} AP {y:.3f}' for k, (n, x, y) in r.items())
            + f' ({time.time() - t:.0f} s)')

    def save():
        torch.save({'config': config, 'ema': ema.state_dict(), 'arguments': vars(a), 'step': step},
                   os.path.join(a.out, 'checkpoint.pt'))

    net.train()
    while True:
        now = time.time()
        progress = step / a.steps if a.steps else (now - begin) / (60 * a.minutes)
        if progress >= 1 or (a.stop and step >= a.stop):
            break
        if pending and progress >= pending[0]:
            pending.pop(0)
            if progress > 0.1:
                evaluate(ema, f'at {progress:.2f}')
            log('mined %d decoys in %d bases' % mine(ema, genome, sampler) + f' at {time.time() - begin:.0f} s')
            ema.eval()
        rate = a.lr * min(1.0, progress / 0.04 + 0.02) * (0.5 + 0.5 * math.cos(math.pi * max(0.0, progress - 0.04) / 0.96))
        for group in optimizer.param_groups:
            group['lr'] = rate * group['factor']
        site_loss, segment_loss, loss = losses(net, sampler.batch(a.batch), a.segments)
        net.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        muon.step(rate / a.lr * a.muon * muon_factor)
        step += 1
        keep = min(0.998, 1 - 1 / (1 + step / 5))
        with torch.no_grad():
            for e, q in zip(ema.state_dict().values(), net.state_dict().values()):
                if e.dtype.is_floating_point:
                    e.lerp_(q, 1 - keep)
        sums.append((site_loss.item(), segment_loss.item()))
        if now - last_log > 60:
            m = np.mean(sums, 0)
            log(f'{now - begin:.0f} s step {step} progress {progress:.3f} rate {rate:.2e} site {m[0]:.4f} segment {m[1]:.4f}'
                f' {step * a.batch * a.length / (now - begin):.0f} positions/s')
            last_log, sums = now, []
        if now - last_save > 120:
            save()
            last_save = now
    save()
    log(f'trained {step} steps, {step * a.batch * a.length / 1e6:.1f} M positions in {time.time() - begin:.0f} s')
    evaluate(ema, 'final')


if __name__ == '__main__':
    main()
