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
    value, bad, width = codes.astype(np.int64) & 3, codes == UNKNOWN, 1
    while width < K:                                             # K is a power of 2
        value = (value[:-width] << 2 * width) + value[width:]
        bad = bad[:-width] | bad[width:]
        width *= 2
    value[bad] = -1
    return value


def opposite(k):
    """The k-mers of the other strand."""
    out = np.zeros_like(k)
    for i in range(K):
        out = out * 4 + (3 - (k >> 2 * i & 3))
    return out


def gene_kmers(codes, gene):
    parts = []
    for s, e in gene.exons:
        x = codes[max(0, s - FLANK):e + FLANK]
        parts.append(kmers(x if gene.strand == '+' else reverse_complement(x)))
    out = np.unique(np.concatenate([x for x in parts if len(x)] or [np.zeros(0, np.int64)]))
    out = out[out >= 0]
    triples = np.sort(np.stack([out >> 2 * i & 63 for i in range(K - 2)]), 0)
    return out[(np.diff(triples, axis=0) != 0).sum(0) + 1 >= 8]


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--data', default='../shared/data/human')
    p.add_argument('--cache', default=os.path.join(os.path.dirname(os.path.abspath(__file__)), 'runs', 'cache'))
    p.add_argument('--share', type=float, default=0.008)
    p.add_argument('--least', type=int, default=10)
    p.add_argument('--repeat', type=int, default=12)
    a = p.parse_args()
    held, others, human = [], [], [n for n, s in SOURCES.items() if not s.ape]
    for name in human:
        codes = source_codes(a.data, name, a.cache)
        for g in source_genes(a.data, name):
            inside = any(g.end > s and g.start < e for s, e in HELD_OUT.get(name, []))
            (held if inside else others).append((g, gene_kmers(codes, g)))
    wanted = np.intersect1d(*(np.unique(np.concatenate([k for _, k in x])) for x in (held, others)), assume_unique=True)
    both = np.unique(np.concatenate([wanted, opposite(wanted)]))
    count = np.zeros(len(both), np.int64)
    for name in human:
        codes = source_codes(a.data, name, a.cache)
        first = int(np.argmax(codes != UNKNOWN))
        for s in range(first, len(codes), 1_000_000):
            k = kmers(codes[s:s + 1_000_000 + K - 1])
            at = np.minimum(np.searchsorted(both, k), len(both) - 1)
            count += np.bincount(at[both[at] == k], minlength=len(both))
    def seen(k):
        return count[np.searchsorted(both, k)]
    rare = wanted[seen(wanted) + np.where(wanted == opposite(wanted), 0, seen(opposite(wanted))) <= a.repeat]
    owner = {}
    for i, (_, ks) in enumerate(held):
        for k in np.intersect1d(ks, rare, assume_unique=True).tolist():
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
