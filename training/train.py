"""Train one network. Single-threaded, seeded; the state and the log go to --out (git-ignored).

    python training/train.py --data ../shared/data/human --arch trunk32 --steps 12000 --out training/runs/a
    python training/train.py --resume training/runs/a/state.pt --out training/runs/a [--steps 20000]

The state file holds everything that the next step depends on (weights, their moving average, AdamW, Muon, both random
generators, decoys, the arguments): a run that is killed and resumed takes the same steps as one that was not.
The rate rises over --warmup steps, stays, and falls to zero over the last --cooldown steps of --steps; a state from
before the fall can be resumed with more --steps at any time.
"""
import argparse
import copy
import json
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from data import SELECTION, UNKNOWN, Genome, genes_within, source_codes
from model import SpliceNet, architecture, one_hot
from predict import gene_codes, predict_codes, predict_genes, summary
from sampling import Sampler


def parser():
    p = argparse.ArgumentParser()
    p.add_argument('--data', default='../shared/data/human')
    p.add_argument('--out', required=True)
    p.add_argument('--resume', help='state file to resume from; its arguments hold, but for those given here')
    p.add_argument('--arch', default='trunk32')
    p.add_argument('--steps', type=int, default=1000, help='length of the schedule')
    p.add_argument('--warmup', type=int, default=200)
    p.add_argument('--cooldown', type=int, default=0, help='steps at the end over which the rate falls to zero')
    p.add_argument('--batch', type=int, default=16)
    p.add_argument('--length', type=int, default=1024)
    p.add_argument('--margin', type=int, default=128)
    p.add_argument('--lr', type=float, default=3e-3)
    p.add_argument('--muon', type=float, default=0.02, help='rate of Muon for the dense convolutions; 0: AdamW for all')
    p.add_argument('--decay', type=float, default=0.02)
    p.add_argument('--average', type=float, default=0.999, help='of the weights, a step')
    p.add_argument('--dropout', type=float, default=0.1)
    p.add_argument('--mutate', type=float, default=0.01)
    p.add_argument('--recombine', type=float, default=0.3, help='share of site windows joined from two coding exons')
    p.add_argument('--gaps', type=float, default=0.25, help="share of windows with chr22's gaps laid over")
    p.add_argument('--segments', type=float, default=0.5, help='weight of the auxiliary exon/intron/phase target')
    p.add_argument('--mix', default='0.55,0.4,0.05', help='windows around sites, in genes (decoys), anywhere')
    p.add_argument('--mine', type=int, default=2000, help='steps between minings of decoys')
    p.add_argument('--evaluate', type=int, default=4000, help='steps between evaluations on the selection slice')
    p.add_argument('--init', help='checkpoint to start from (matching names and shapes)')
    p.add_argument('--trunk-rate', type=float, default=1.0, help='learning-rate factor of what came from --init')
    p.add_argument('--use-selection', action='store_true', help='train on the selection slice too (final run)')
    p.add_argument('--sources', default='', help='only these, separated by commas')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--threads', type=int, default=1)
    return p


def arguments():
    """Defaults, then a resumed state's arguments, then what was given on the command line."""
    a = parser().parse_args()
    if not a.resume:
        return a, None
    stored = torch.load(a.resume, weights_only=False)
    given = parser()
    for action in given._actions:
        action.default = argparse.SUPPRESS
    given = vars(given.parse_args())
    return argparse.Namespace(**{**vars(a), **stored['arguments'], **given}), stored


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
    site_loss = F.cross_entropy(logits[mask], sites, reduction='sum') / (mask.sum() / 192)
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
        codes = gene_codes(genome.codes[g.source], g, halo)
        y = genome.sites[g.source][g.strand][g.start:g.end]
        unseen = ~genome.visible[g.source][g.start:g.end]
        y, unseen = (y, unseen) if g.strand == '+' else (y[::-1], unseen[::-1])
        p = predict_codes([net], codes, halo)
        p[unseen | (codes[halo:-halo] == UNKNOWN)] = 0
        for kind in (1, 2):
            for j in np.nonzero((p[:, kind] > 0.05) & (y != kind))[0]:
                decoys.append((g.source, g.strand, g.start + int(j) if g.strand == '+' else g.end - 1 - int(j)))
                weight.append(float(p[j, kind]) ** 0.5)
        seen += g.end - g.start
        if seen > budget_bases:
            break
    net.train()
    if decoys:
        sampler.set_decoys(decoys, weight)
    return len(decoys), seen


def factor(step, a):
    """Of the rates, at a step of the schedule."""
    return min(1.0, (step + 1) / max(1, a.warmup), (a.steps - step) / max(1, a.cooldown))


def main():
    a, stored = arguments()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    os.makedirs(a.out, exist_ok=True)
    log_file = open(os.path.join(a.out, 'log.txt'), 'a')

    def log(text):
        print(text, flush=True)
        log_file.write(text + '\n')
        log_file.flush()

    cache = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'runs', 'cache')
    genome = Genome(a.data, hide_selection=not a.use_selection, cache=cache, sources=a.sources.split(',') if a.sources else None)
    sampler = Sampler(genome, a.length, a.margin, a.seed, tuple(float(x) for x in a.mix.split(',')), a.mutate,
                      recombine=a.recombine, gaps=a.gaps)
    validation = [g for c, spans in SELECTION.items() for s, e in spans for g in genes_within(a.data, c, s, e, spliced_only=True)]
    full = {c: source_codes(a.data, c, cache) for c in SELECTION}

    config = architecture(a.arch)
    net = SpliceNet(config, a.dropout)
    loaded = set(stored.get('loaded', ())) if stored else set()
    if a.init and not stored:
        old, new = torch.load(a.init, weights_only=False)['ema'], net.state_dict()
        loaded = {k for k in new if k in old and old[k].shape == new[k].shape}
        net.load_state_dict({k: old[k] if k in loaded else v for k, v in new.items()})
        for i, block in enumerate(net.blocks):                   # new units start as the identity
            if f'blocks.{i}.conv2.weight' in new and f'blocks.{i}.conv2.weight' not in loaded:
                torch.nn.init.zeros_(block.conv2.weight)
                torch.nn.init.zeros_(block.conv2.bias)
    ema = copy.deepcopy(net).eval()
    groups, dense_names = {}, [n for n, q in net.named_parameters() if '.conv' in n and q.dim() == 3] if a.muon else []
    muons = [(Muon([q for n, q in net.named_parameters() if n in dense_names and (n in loaded) == old], decay=a.decay),
              a.trunk_rate if old else 1.0) for old in (True, False)]
    for name, q in net.named_parameters():
        if name in dense_names:
            continue
        key = (name in loaded, q.dim() > 1)
        groups.setdefault(key, []).append(q)
    optimizer = torch.optim.AdamW([{'params': qs, 'weight_decay': a.decay if matrix else 0.0,
                                    'factor': a.trunk_rate if old else 1.0}
                                   for (old, matrix), qs in groups.items()], lr=a.lr, betas=(0.9, 0.98))
    step = 0
    if stored:
        step = stored['step']
        net.load_state_dict(stored['net'])
        ema.load_state_dict(stored['ema'])
        optimizer.load_state_dict(stored['optimizer'])
        for (m, _), buffers in zip(muons, stored['muon']):
            m.buffers = buffers
        sampler.load_state(stored['sampler'])
        torch.set_rng_state(stored['torch_random'])
    log(json.dumps(vars(a)) + f' torch {torch.__version__} parameters {sum(q.numel() for q in net.parameters())}'
        f' half field {net.half_field} sites {len(sampler.site_list)} genes {len(sampler.spliced)} at step {step}')
    begin, first = time.time(), step
    last_log, last_save, sums = begin, begin, []

    def evaluate(network, label):
        t = time.time()
        halo = min(network.half_field, 6000)
        r = summary(predict_genes([network], full, validation, halo))
        log(f'{label} step {step} ' + '; '.join(f'{k} {n} top-k {x:.3f} AP {y:.3f}' for k, (n, x, y) in r.items())
            + f' ({time.time() - t:.0f} s)')

    def save(name='state.pt'):
        path = os.path.join(a.out, name)
        torch.save({'config': config, 'arguments': {**vars(a), 'resume': None}, 'loaded': sorted(loaded), 'step': step,
                    'net': net.state_dict(), 'ema': ema.state_dict(), 'optimizer': optimizer.state_dict(),
                    'muon': [m.buffers for m, _ in muons], 'sampler': sampler.state(),
                    'torch_random': torch.get_rng_state()}, path + '.partial')
        os.replace(path + '.partial', path)

    net.train()
    while step < a.steps:
        if a.mine and step % a.mine == 0 and step > 0:
            log('mined %d decoys in %d bases' % mine(ema, genome, sampler) + f' at step {step}')
            ema.eval()
        rate = factor(step, a)
        for group in optimizer.param_groups:
            group['lr'] = rate * a.lr * group['factor']
        site_loss, segment_loss, loss = losses(net, sampler.batch(a.batch), a.segments)
        net.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        for m, own in muons:
            m.step(rate * a.muon * own)
        step += 1
        keep = min(a.average, 1 - 1 / (1 + step / 5))
        with torch.no_grad():
            for e, q in zip(ema.state_dict().values(), net.state_dict().values()):
                if e.dtype.is_floating_point:
                    e.lerp_(q, 1 - keep)
        sums.append((site_loss.item(), segment_loss.item()))
        now = time.time()
        if now - last_log > 60:
            m = np.mean(sums, 0)
            log(f'{now - begin:.0f} s step {step} rate {rate:.3f} site {m[0]:.4f} segment {m[1]:.4f}'
                f' {len(sums) * a.batch * a.length / (now - last_log):.0f} positions/s')
            last_log, sums = now, []
        if now - last_save > 180:
            save()
            last_save = now
        if step == a.steps - a.cooldown and a.cooldown:
            save('before-cooldown.pt')
        if a.evaluate and step % a.evaluate == 0 and step < a.steps:
            evaluate(ema, 'on the way')
    save()
    log(f'trained {step - first} steps, {(step - first) * a.batch * a.length / 1e6:.1f} M positions in {time.time() - begin:.0f} s')
    if a.evaluate:
        evaluate(ema, 'final')


if __name__ == '__main__':
    main()
