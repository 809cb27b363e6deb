"""Baseline: position-weight matrices of acceptor and donor, made from the training genes."""
import numpy as np

from data import UNKNOWN, Genome
from predict import gene_codes, gene_labels

SPANS = {1: (-20, 4), 2: (-3, 7)}           # bases around the scored position, 5'->3': acceptor, donor


def weight_matrices(genome):
    """{kind: float64 [span, 5]} log-odds against the base composition of all training genes."""
    counts = {k: np.ones((b - a, 5)) for k, (a, b) in SPANS.items()}
    composition = np.ones(5)
    for g in genome.genes:
        codes, labels = gene_codes(genome.codes[g.source], g, 0), gene_labels(g)
        composition += np.bincount(codes, minlength=5)
        for kind, (a, b) in SPANS.items():
            for t in np.nonzero(labels == kind)[0]:
                if t + a >= 0 and t + b <= len(codes):
                    counts[kind][np.arange(b - a), codes[t + a:t + b]] += 1
    background = composition[:4] / composition[:4].sum()
    out = {}
    for kind, c in counts.items():
        m = np.zeros_like(c)
        m[:, :4] = np.log(c[:, :4] / c[:, :4].sum(1, keepdims=True) / background)
        out[kind] = m
    return out


def pwm_results(root, codes, genes):
    """-> [(gene, labels, scores [length, 3])] as predict_genes gives, scores squashed into (0, 1)."""
    matrices = weight_matrices(Genome(root, hide_selection=False))
    results = []
    for g in genes:
        x = gene_codes(codes[g.source], g, 32)
        score = np.zeros((g.end - g.start, 3), np.float32)
        for kind, (a, b) in SPANS.items():
            total = sum(matrices[kind][j - a, x[32 + j:32 + j + len(score)]] for j in range(a, b))
            score[:, kind] = 1 / (1 + np.exp(-(total - 10)))
        results.append((g, gene_labels(g), score))
    return results
