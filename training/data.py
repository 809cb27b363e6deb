"""Genome, annotation, targets and training windows.

Everything is indexed on the forward strand, 0-based half-open; a window of a minus-strand gene is
cut forward and then reverse-complemented, so that the network always reads 5'->3' as transcribed.
Base codes: A 0, C 1, G 2, T 3, anything else 4 (all zeros in the one-hot input).
"""
import gzip
import os
from dataclasses import dataclass

import numpy as np

NEITHER, ACCEPTOR, DONOR = 0, 1, 2
OUTSIDE, INTRON, NONCODING_EXON, CODING = 0, 1, 2, 3      # CODING + phase 0..2; auxiliary targets only
UNKNOWN = 4

HELD_OUT = {'20': [(45_000_000, 63_025_520), (13_850_000, 16_150_000), (10_100_000, 10_400_000)]}
SELECTION = {'20': [(38_000_000, 45_000_000)]}
SOURCES = {'20': ('chr20.GRCh37.fa.gz', 'chr20.GRCh37.ensembl110-canonical-lifted.tsv'),
           'X': ('chrX_1-35M.GRCh37.fa.gz', 'chrX_1-35M.GRCh37.ensembl110-canonical-lifted.tsv')}

_CODE = np.full(256, UNKNOWN, np.uint8)
for _i, _pair in enumerate(('Aa', 'Cc', 'Gg', 'TtUu')):
    for _c in _pair:
        _CODE[ord(_c)] = _i
_COMPLEMENT = np.array([3, 2, 1, 0, 4], np.uint8)


@dataclass
class Gene:
    name: str
    contig: str
    strand: str
    start: int
    end: int
    exons: list          # [(start, end)], forward order
    note: str = ''

    def sites(self):
        """(acceptors, donors): first and last exon bases at the introns, forward coordinates."""
        left = [s for s, _ in self.exons[1:]]
        right = [e - 1 for _, e in self.exons[:-1]]
        return (left, right) if self.strand == '+' else (right, left)


def read_genes(path):
    genes = []
    for line in open(path):
        if line[0] == '#':
            continue
        f = line.rstrip('\n').split('\t')
        starts, ends = ([int(x) for x in f[i].split(',') if x] for i in (5, 6))
        genes.append(Gene(f[0], f[1], f[2], int(f[3]), int(f[4]), list(zip(starts, ends)), f[9] if len(f) > 9 else ''))
    return genes


def read_fasta_codes(path):
    """The first contig of a (B)GZF or plain FASTA as uint8 codes."""
    opener = gzip.open if path.endswith('.gz') else open
    with opener(path, 'rb') as f:
        data = f.read()
    end = data.find(b'>', 1)
    data = data[data.index(b'\n') + 1: end if end > 0 else len(data)]
    raw = np.frombuffer(data, np.uint8)
    return _CODE[raw[raw > 32]]


def reverse_complement(codes):
    return _COMPLEMENT[codes[..., ::-1]]


def coding_phase(transcript):
    """Longest ATG..stop reading frame of a spliced transcript: (start, end) or None if shorter than 60 codons."""
    c = transcript
    trinucleotide = c[:-2].astype(np.int32) * 25 + c[1:-1] * 5 + c[2:]
    is_start = trinucleotide == 0 * 25 + 3 * 5 + 2
    is_stop = np.isin(trinucleotide, [3 * 25 + 0 * 5 + 0, 3 * 25 + 0 * 5 + 2, 3 * 25 + 2 * 5 + 0])
    best = None
    for frame in range(3):
        start = None
        for i in range(frame, len(trinucleotide), 3):
            if start is None and is_start[i]:
                start = i
            elif start is not None and is_stop[i]:
                if best is None or i + 3 - start > best[1] - best[0]:
                    best = (start, i + 3)
                start = None
    return best if best and best[1] - best[0] >= 180 else None


def segment_targets(codes, genes):
    """{'+': uint8[length], '-': ...}: outside, intron, non-coding exon, coding phase 0..2, by strand."""
    targets = {s: np.zeros(len(codes), np.uint8) for s in '+-'}
    for g in genes:
        t = targets[g.strand][g.start:g.end]
        t[t == OUTSIDE] = INTRON
    for g in genes:
        index = np.concatenate([np.arange(s, e) for s, e in g.exons])
        transcript = codes[index]
        if g.strand == '-':
            index, transcript = index[::-1], reverse_complement(transcript)
        value = np.full(len(index), NONCODING_EXON, np.uint8)
        frame = coding_phase(transcript) if len(transcript) > 180 else None
        if frame:
            value[frame[0]:frame[1]] = CODING + np.arange(frame[1] - frame[0]) % 3
        targets[g.strand][index] = value
    return targets


def site_targets(length, genes):
    targets = {s: np.zeros(length, np.uint8) for s in '+-'}
    for g in genes:
        acceptors, donors = g.sites()
        targets[g.strand][np.array(acceptors, int)] = ACCEPTOR
        targets[g.strand][np.array(donors, int)] = DONOR
    return targets


class Genome:
    """Codes, targets and genes of all sources. `hidden` stretches are turned into N and never give a loss."""

    def __init__(self, root, hide_selection=True, cache=None):
        self.codes, self.sites, self.segments, self.genes, self.visible = {}, {}, {}, [], {}
        for contig, (fasta, table) in SOURCES.items():
            stored = os.path.join(cache, f'codes.{contig}.npy') if cache else None
            if stored and os.path.exists(stored):
                codes = np.load(stored)
            else:
                codes = read_fasta_codes(os.path.join(root, fasta))
                if stored:
                    os.makedirs(cache, exist_ok=True)
                    np.save(stored, codes)
            genes = [g for g in read_genes(os.path.join(root, table)) if g.contig == contig]
            visible = np.ones(len(codes), bool)
            for s, e in HELD_OUT.get(contig, []) + (SELECTION.get(contig, []) if hide_selection else []):
                visible[s:e] = False
            codes = codes.copy()
            codes[~visible] = UNKNOWN
            kept = [g for g in genes if visible[g.start:g.end].all()]
            self.codes[contig], self.visible[contig] = codes, visible
            self.sites[contig] = site_targets(len(codes), kept)
            self.segments[contig] = segment_targets(codes, kept)
            for g in genes:                                      # genes cut by a border: no loss on them at all
                if g not in kept:
                    visible[g.start:g.end] = False
            self.genes += kept

    def window(self, contig, strand, start, length):
        """(codes, sites, segments, visible) of [start, start + length), N beyond the contig, 5'->3' on `strand`."""
        total = len(self.codes[contig])
        lo, hi = max(0, start), min(total, start + length)
        codes = np.full(length, UNKNOWN, np.uint8)
        sites, segments = np.zeros(length, np.uint8), np.zeros(length, np.uint8)
        visible = np.zeros(length, bool)
        if lo < hi:
            inside = slice(lo - start, hi - start)
            codes[inside] = self.codes[contig][lo:hi]
            sites[inside] = self.sites[contig][strand][lo:hi]
            segments[inside] = self.segments[contig][strand][lo:hi]
            visible[inside] = self.visible[contig][lo:hi]
        if strand == '-':
            return reverse_complement(codes), sites[::-1], segments[::-1], visible[::-1]
        return codes, sites, segments, visible


def genes_within(root, contig, start, end, spliced_only=False):
    """Genes that lie wholly in [start, end)."""
    table = os.path.join(root, SOURCES[contig][1])
    return [g for g in read_genes(table) if g.contig == contig and g.start >= start and g.end <= end and (len(g.exons) > 1 or not spliced_only)]
