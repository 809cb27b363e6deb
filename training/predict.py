"""Probabilities of whole genes from a PyTorch network, in windows of core + halo."""
import numpy as np
import torch

from data import UNKNOWN, reverse_complement
from model import one_hot


def gene_codes(codes, gene, halo, context=True):
    """Codes of the gene body and `halo` bases at both sides, 5'->3'; N beyond the contig (or the gene)."""
    out = np.full(gene.end - gene.start + 2 * halo, UNKNOWN, np.uint8)
    lo, hi = (gene.start - halo, gene.end + halo) if context else (gene.start, gene.end)
    lo, hi = max(lo, 0), min(hi, len(codes))
    at = lo - (gene.start - halo)
    out[at:at + hi - lo] = codes[lo:hi]
    return out if gene.strand == '+' else reverse_complement(out)


@torch.no_grad()
def predict_codes(nets, codes, halo, core=24_000, amp=False):
    """codes [halo + length + halo] -> float32 [length, 3], the mean of the networks' probabilities."""
    length = len(codes) - 2 * halo
    out = np.zeros((length, 3), np.float32)
    for s in range(0, length, core):
        e = min(length, s + core)
        x = one_hot(codes[s:e + 2 * halo][None])
        p = sum(torch.softmax(n(x)[0, halo:halo + e - s].float(), -1) for n in nets) / len(nets)
        out[s:e] = p.numpy()
    return out


def gene_labels(gene):
    """uint8 [length], 5'->3': 0 neither, 1 acceptor, 2 donor, of this gene alone."""
    y = np.zeros(gene.end - gene.start, np.uint8)
    acceptors, donors = gene.sites()
    y[np.array(acceptors, int) - gene.start] = 1
    y[np.array(donors, int) - gene.start] = 2
    return y if gene.strand == '+' else y[::-1].copy()


def predict_genes(nets, codes_by_source, genes, halo, context=True, **options):
    """-> [(gene, labels, probabilities)]"""
    return [(g, gene_labels(g), predict_codes(nets, gene_codes(codes_by_source[g.source], g, halo, context), halo, **options))
            for g in genes]


def top_k(labels, scores):
    """(number of sites, top-k accuracy, average precision), as ../shared/check/check.py computes them."""
    order = np.argsort(-scores, kind='stable')
    hit = labels[order]
    k = int(hit.sum())
    return k, float(hit[:k].mean()), float((np.cumsum(hit) / np.arange(1, len(hit) + 1))[hit].sum() / k)


def summary(results):
    """{'acceptor': (k, top-k, AP), 'donor': ...} over all positions of all genes together."""
    y = np.concatenate([r[1] for r in results])
    p = np.concatenate([r[2] for r in results])
    return {kind: top_k(y == i, p[:, i]) for i, kind in ((1, 'acceptor'), (2, 'donor'))}
