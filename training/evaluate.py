"""Top-k accuracy and average precision on gene bodies, with bootstrap intervals over genes.

    python training/evaluate.py torch  --data ../shared/data/human --checkpoint runs/x/checkpoint.pt
    python training/evaluate.py torch  --data ../shared/data/human --exported models/splice
    python training/evaluate.py tsv    --data ../shared/data/human --predictions out.tsv
    python training/evaluate.py pwm    --data ../shared/data/human
    python training/evaluate.py bed    --data ../shared/data/human > genes.bed       (the genes, for `genoconv predict --regions`)

`tsv` reads `genoconv predict --format tsv` over regions named by gene; the numbers of one position are the columns
named acceptor and donor, its place the columns region and position (1-based with --one-based).
"""
import argparse
import json
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from data import genes_within, source_codes
from predict import gene_labels, summary, top_k

STRETCHES = {'held-out': ('chr20', 45_000_000, 63_025_520), 'selection': ('chr20', 38_000_000, 45_000_000),
             'macrod2': ('chr20', 13_850_000, 16_150_000), 'snap25': ('chr20', 10_100_000, 10_400_000)}


def bootstrap(results, rounds=1000, seed=0):
    """95% intervals of every figure, genes drawn with replacement: {kind: ((lo, hi) top-k, (lo, hi) AP)}"""
    random = np.random.default_rng(seed)
    # Ranks far below the k-th site decide nothing: keep each gene's sites and its strongest other positions.
    kept = []
    for _, y, p in results:
        pair = []
        for i in (1, 2):
            s = p[:, i]
            keep = (y == i) | (s > 1e-3)
            pair.append((y[keep] == i, s[keep]))
        kept.append(pair)
    draws = {1: [], 2: []}
    for _ in range(rounds):
        chosen = random.integers(len(kept), size=len(kept))
        for i in (1, 2):
            y = np.concatenate([kept[c][i - 1][0] for c in chosen])
            s = np.concatenate([kept[c][i - 1][1] for c in chosen])
            if y.any():
                draws[i].append(top_k(y, s)[1:])
    def interval(i, j):
        return tuple(float(v) for v in np.percentile([d[j] for d in draws[i]], [2.5, 97.5]))
    return {kind: (interval(i, 0), interval(i, 1)) for i, kind in ((1, 'acceptor'), (2, 'donor'))}


def read_tsv(path, genes, one_based):
    """Rows of our program's TSV -> [(gene, labels, probabilities)] for the genes that occur."""
    by_name = {g.name: g for g in genes}
    scores = {}
    with open(path) as f:
        header = None
        for line in f:
            if line.startswith('##'):
                continue
            fields = line.rstrip('\n').lstrip('#').split('\t')
            if header is None:
                header = {n: i for i, n in enumerate(fields)}
                continue
            g = by_name.get(fields[header['region']])
            if g is None:
                continue
            p = scores.setdefault(g.name, np.zeros((g.end - g.start, 3), np.float32))
            at = int(fields[header['position']]) - int(one_based) - g.start
            p[at, 1], p[at, 2] = float(fields[header['acceptor']]), float(fields[header['donor']])
    return [(g, gene_labels(g), p if g.strand == '+' else p[::-1]) for g in genes if (p := scores.get(g.name)) is not None]


def load_networks(a):
    import torch
    from export import load_exported
    from model import SpliceNet
    torch.set_num_threads(a.threads)
    if a.exported:
        return load_exported(a.exported, torch.float64 if a.f64 else torch.float32)
    nets = []
    for path in a.checkpoint:
        stored = torch.load(path, weights_only=False)
        net = SpliceNet(stored['config'], 0.0)
        net.load_state_dict(stored['ema'])
        nets.append(net.eval())
    return nets


def report(results, name, rounds):
    r = summary(results)
    b = bootstrap(results, rounds) if rounds else None
    out = {'name': name, 'genes': len(results), 'positions': int(sum(len(y) for _, y, _ in results))}
    for kind, (k, t, ap) in r.items():
        text = f'{name}: {kind} {k} sites, top-k {t:.3f}'
        out[kind] = {'sites': k, 'top_k': round(t, 4), 'average_precision': round(ap, 4)}
        if b:
            (t0, t1), (p0, p1) = b[kind]
            text += f' [{t0:.3f}, {t1:.3f}], AP {ap:.3f} [{p0:.3f}, {p1:.3f}]'
            out[kind].update(top_k_95=[round(t0, 4), round(t1, 4)], average_precision_95=[round(p0, 4), round(p1, 4)])
        else:
            text += f', AP {ap:.3f}'
        print(text)
    return out


def main():
    p = argparse.ArgumentParser()
    p.add_argument('source', choices=['torch', 'tsv', 'pwm', 'bed'])
    p.add_argument('--data', default='../shared/data/human')
    p.add_argument('--stretch', default='held-out', choices=list(STRETCHES))
    p.add_argument('--checkpoint', nargs='+', default=[])
    p.add_argument('--exported')
    p.add_argument('--predictions')
    p.add_argument('--one-based', action='store_true')
    p.add_argument('--context', default='real', choices=['real', 'none'], help='what surrounds a gene body')
    p.add_argument('--bootstrap', type=int, default=1000)
    p.add_argument('--f64', action='store_true', help='exported weights in float64 instead of float32')
    p.add_argument('--threads', type=int, default=1)
    p.add_argument('--json', help='write the figures here too')
    a = p.parse_args()
    source, start, end = STRETCHES[a.stretch]
    genes = genes_within(a.data, source, start, end)
    if a.source == 'bed':
        for g in genes:
            print(g.contig, g.start, g.end, g.name, 0, g.strand, sep='\t')
        return
    if a.source == 'tsv':
        results = read_tsv(a.predictions, genes, a.one_based)
    else:
        codes = {source: source_codes(a.data, source)}
        if a.source == 'pwm':
            from pwm import pwm_results
            results = pwm_results(a.data, codes, genes)
        else:
            from predict import predict_genes
            nets = load_networks(a)
            results = predict_genes(nets, codes, genes, max(n.half_field for n in nets), context=a.context == 'real')
    out = report(results, f'{a.source} {a.stretch}', a.bootstrap)
    if a.json:
        json.dump(out, open(a.json, 'w'), indent=1)


if __name__ == '__main__':
    main()
