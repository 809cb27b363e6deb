"""Genes of the training sources that look like a held-out gene: training/homologues.tsv.

    python training/homologues.py --data ../shared/data/human > training/homologues.tsv

Compared are the k-mers (k = 16) of exons with 30 bases of flank, both genes read 5'->3'. Left aside are k-mers of simple
sequence (fewer than 8 different trinucleotides) and those that stand in more than `--repeat` places of all the sequence at
hand, either strand (Alu and other repeats in untranslated exons). Two exons of 80% identity share 3 in 100 of their k-mers, of 90% 19 in 100. A gene is named when the shared
k-mers are `--share` of the smaller set and at least `--least`. Genes that only contain a processed pseudogene of a held-out
gene in an intron or beside them are not named: it has no sites.
"""
import argparse
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from data import HELD_OUT, SOURCES, UNKNOWN, reverse_complement, source_codes, source_genes

K, FLANK = 16, 30


def kmers(codes):
    """int64 code of every k-mer; -1 where a base is unknown."""
    n = len(codes) - K + 1
    if n <= 0:
        return np.zeros(0, np.int64)
    value, bad = np.zeros(n, np.int64), np.zeros(n, bool)
    for i in range(K):
        c = codes[i:i + n]
        value = value * 4 + np.minimum(c, 3)
        bad |= c == UNKNOWN
    value[bad] = -1
    return value


def gene_kmers(codes, gene):
    parts = []
    for s, e in gene.exons:
        x = codes[max(0, s - FLANK):e + FLANK]
        parts.append(kmers(x if gene.strand == '+' else reverse_complement(x)))
    out = np.unique(np.concatenate(parts))
    out = out[out >= 0]
    triples = np.sort(np.stack([out >> 2 * i & 63 for i in range(K - 2)]), 0)
    return out[(np.diff(triples, axis=0) != 0).sum(0) + 1 >= 8]


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--data', default='../shared/data/human')
    p.add_argument('--cache', default=os.path.join(os.path.dirname(os.path.abspath(__file__)), 'runs', 'cache'))
    p.add_argument('--share', type=float, default=0.01)
    p.add_argument('--least', type=int, default=15)
    p.add_argument('--repeat', type=int, default=12)
    a = p.parse_args()
    held, others, human = [], [], [n for n, s in SOURCES.items() if not s.ape]
    for name in human:
        codes = source_codes(a.data, name, a.cache)
        for g in source_genes(a.data, name):
            inside = any(g.end > s and g.start < e for s, e in HELD_OUT.get(name, []))
            (held if inside else others).append((g, gene_kmers(codes, g)))
    wanted = np.unique(np.concatenate([k for _, k in held]))
    count = np.zeros(len(wanted), np.int64)
    for name in human:
        codes = source_codes(a.data, name, a.cache)
        for x in (codes, reverse_complement(codes)):
            for s in range(0, len(x), 2_000_000):
                k = kmers(x[s:s + 2_000_000 + K - 1])
                at = np.minimum(np.searchsorted(wanted, k), len(wanted) - 1)
                count += np.bincount(at[wanted[at] == k], minlength=len(wanted))
    rare = wanted[count <= a.repeat]
    held = [(g, np.intersect1d(k, rare, assume_unique=True)) for g, k in held]
    owner = {}
    for i, (_, ks) in enumerate(held):
        for k in ks.tolist():
            owner.setdefault(k, []).append(i)
    print('#SOURCE', 'NAME', 'HELD_OUT_GENE', 'SHARED', 'SHARE', 'K-MERS', 'HELD_OUT_K-MERS', sep='\t')
    for g, ks in others:
        hits = {}
        for k in np.intersect1d(ks, rare, assume_unique=True).tolist():
            for i in owner[k]:
                hits[i] = hits.get(i, 0) + 1
        if hits:
            i = max(hits, key=hits.get)
            smaller = min(len(ks), len(held[i][1]))
            if hits[i] >= a.least and hits[i] >= a.share * smaller:
                names = [g.source] + [n for n, s in SOURCES.items() if s.ape and g.source == 'chr22']
                for n in names:
                    print(n, g.name, held[i][0].name, hits[i], f'{hits[i] / smaller:.3f}', len(ks), len(held[i][1]), sep='\t')


if __name__ == '__main__':
    main()
