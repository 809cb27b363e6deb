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



@dataclass(frozen=True)
class Source:
    """One stretch of sequence with its genes. Files are told apart by name: two of them have a contig X, four a 22."""
    fasta: str
    table: str
    contig: str
    weight: float = 1.0        # of a site of it when windows are drawn
    outside: bool = True       # loss outside the listed genes too (False: genes are known to be missing from the table)
    ape: bool = False          # another species' letters in the coordinates of chr22
    without: tuple = ()        # genes left out


_EXTRA = 'extra/chr3_4_5_2Mb_each.GRCh37.fa.gz', 'extra/chr3_4_5_2Mb_each.GRCh37.ensembl110-canonical.tsv'
_NG = 'extra/refseqgene.fa.gz', 'extra/refseqgene.ensembl110-canonical.tsv'
_GENES22 = 'chr22.GRCh37.ensembl110-canonical-lifted.tsv'
SOURCES = {
    'chr20': Source('chr20.GRCh37.fa.gz', 'chr20.GRCh37.ensembl110-canonical-lifted.tsv', '20'),
    'chrX_1-35M': Source('chrX_1-35M.GRCh37.fa.gz', 'chrX_1-35M.GRCh37.ensembl110-canonical-lifted.tsv', 'X'),
    'chrX_35-55M': Source('chrX_35-55M.GRCh37.fa.gz', 'chrX_35-55M.GRCh37.ensembl110-canonical-lifted.tsv', 'X'),
    'chr22': Source('chr22.GRCh37.partial.fa.gz', _GENES22, '22', 0.7, False),
    'chimp22': Source('chr22.chimp.in-human-coordinates.fa.gz', _GENES22, '22', 0.1, False, True),
    'gorilla22': Source('chr22.gorilla.in-human-coordinates.fa.gz', _GENES22, '22', 0.1, False, True),
    'orangutan22': Source('chr22.orangutan.in-human-coordinates.fa.gz', _GENES22, '22', 0.15, False, True),
    'chr3': Source(*_EXTRA, '3'),
    'chr4': Source(*_EXTRA, '4'),
    'chr5': Source(*_EXTRA, '5'),
    'chr17': Source('extra/chr17_1-1M.GRCh37.fa.gz', 'extra/chr17_1-1M.GRCh37.ensembl110-canonical.tsv', '17'),
    'chr1': Source('extra/chr1_1-1M.GRCh37.fa.gz', 'extra/chr1_1-1M.GRCh37.ensembl110-canonical.tsv', '1'),
    'chr21': Source('extra/chr21_25-26M.GRCh38.fa.gz', 'extra/chr21_25-26M.GRCh38.ensembl110-canonical.tsv', '21'),
    **{f'refseqgene_{ng}': Source(*_NG, ng, outside=False)          # NG_012772.1 BRCA2 and NG_017013.2 TP53: left out
       for ng in ('NG_008835.1', 'NG_008939.1', 'NG_009299.1', 'NG_009497.1', 'NG_029724.1')},
}
HELD_OUT = {'chr20': [(45_000_000, 63_025_520), (13_850_000, 16_150_000), (10_100_000, 10_400_000)]}
SELECTION = {'chr20': [(38_000_000, 45_000_000)]}
HOMOLOGUES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'homologues.tsv')

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
    source: str = ''     # key of SOURCES

    def sites(self):
        """(acceptors, donors): first and last exon bases at the introns, forward coordinates."""
        left = [s for s, _ in self.exons[1:]]
        right = [e - 1 for _, e in self.exons[:-1]]
        return (left, right) if self.strand == '+' else (right, left)


def read_genes(path, source=''):
    genes = []
    for line in open(path):
        if line[0] == '#':
            continue
        f = line.rstrip('\n').split('\t')
        starts, ends = ([int(x) for x in f[i].split(',') if x] for i in (5, 6))
        genes.append(Gene(f[0], f[1], f[2], int(f[3]), int(f[4]), list(zip(starts, ends)), f[9] if len(f) > 9 else '', source))
    return genes


def read_fasta_codes(path, contig=None):
    """The named (or first) contig of a (B)GZF or plain FASTA as uint8 codes."""
    opener = gzip.open if path.endswith('.gz') else open
    with opener(path, 'rb') as f:
        data = f.read()
    start = 0
    while contig is not None and data[start + 1:data.index(b'\n', start)].split()[0].decode() != contig:
        start = data.index(b'>', start + 1)
    end = data.find(b'>', start + 1)
    raw = np.frombuffer(data, np.uint8)[data.index(b'\n', start) + 1: end if end > 0 else len(data)]
    return _CODE[raw[raw > 32]]


def source_codes(root, name, cache=None):
    """Codes of a source, kept as .npy in `cache`."""
    stored = os.path.join(cache, f'codes.{name}.npy') if cache else None
    if stored and os.path.exists(stored):
        return np.load(stored)
    codes = read_fasta_codes(os.path.join(root, SOURCES[name].fasta), SOURCES[name].contig)
    if stored:
        os.makedirs(cache, exist_ok=True)
        np.save(stored + f'.{os.getpid()}.npy', codes)
        os.replace(stored + f'.{os.getpid()}.npy', stored)
    return codes


def source_genes(root, name):
    return [g for g in read_genes(os.path.join(root, SOURCES[name].table), name)
            if g.contig == SOURCES[name].contig and g.name not in SOURCES[name].without]


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


def strange_sites(codes, genes):
    """Sites whose exon base or intron dinucleotide is not there, {(strand, position)}."""
    out = set()
    for g in genes:
        for kind, places in zip((ACCEPTOR, DONOR), g.sites()):
            for p in places:
                if (codes[_dinucleotide(g.strand, kind, p)] == UNKNOWN).any() or codes[p] == UNKNOWN:
                    out.add((g.strand, p))
    return out


def _dinucleotide(strand, kind, p):
    """The two intron bases beside a site, in reading order."""
    step = (1 if strand == '+' else -1) * (1 if kind == DONOR else -1)
    near, far = p + step, p + 2 * step
    return [near, far] if kind == DONOR else [far, near]


def uncarried_sites(codes, human, genes):
    """Sites of `human` that the ape's letters do not carry: its dinucleotide must be GT/GC or AG (or AT-AC, as human)."""
    out = set()
    for g in genes:
        for kind, places in zip((ACCEPTOR, DONOR), g.sites()):
            for p in places:
                at = _dinucleotide(g.strand, kind, p)
                own, ours = (tuple(_COMPLEMENT[c[at]] if g.strand == '-' else c[at]) for c in (codes, human))
                usual = ((2, 3), (2, 1)) if kind == DONOR else ((0, 2),)
                rare = (0, 3) if kind == DONOR else (0, 1)
                if codes[p] == UNKNOWN or not (own in usual or own == ours == rare):
                    out.add((g.strand, p))
    return out


def homologues():
    """{(source, gene)} that look like a held-out gene (homologues.py): left out of training."""
    if not os.path.exists(HOMOLOGUES):
        return set()
    return {tuple(line.split('\t')[:2]) for line in open(HOMOLOGUES) if line[0] != '#'}


class Genome:
    """Codes, targets and genes of all sources. `hidden` stretches are turned into N and never give a loss.

    Sources that begin with a long run of N are cut there: `origin` is what was cut, and genes are moved."""

    def __init__(self, root, hide_selection=True, cache=None, sources=None):
        self.codes, self.sites, self.segments, self.genes, self.visible, self.origin = {}, {}, {}, [], {}, {}
        left_out = homologues()
        human = None
        for name in sources or SOURCES:
            source = SOURCES[name]
            codes = source_codes(root, name, cache)
            genes = source_genes(root, name)
            origin = max(0, int(np.argmax(codes != UNKNOWN)) - 10_000)
            if origin < 1_000_000:
                origin = 0
            codes = codes[origin:].copy()
            for g in genes:
                g.start, g.end, g.exons = g.start - origin, g.end - origin, [(s - origin, e - origin) for s, e in g.exons]
            visible = np.ones(len(codes), bool)
            for s, e in HELD_OUT.get(name, []) + (SELECTION.get(name, []) if hide_selection else []):
                visible[s - origin:e - origin] = False
            codes[~visible] = UNKNOWN
            kept = [g for g in genes if g.start >= 0 and visible[g.start:g.end].all() and (name, g.name) not in left_out]
            reference = human if source.ape else codes
            if name == 'chr22':
                human = codes
            self.origin[name], self.codes[name], self.visible[name] = origin, codes, visible
            self.sites[name] = site_targets(len(codes), kept)
            self.segments[name] = self.segments['chr22'] if source.ape else segment_targets(codes, kept)
            if not source.outside:
                inside = np.zeros(len(codes), bool)
                for g in kept:
                    inside[g.start:g.end] = True
                visible &= inside
            for g in genes:                                      # genes cut by a border or left out: no loss on them at all
                if g not in kept:
                    visible[max(g.start, 0):g.end] = False
                    if (name, g.name) in left_out:
                        codes[g.start:g.end] = UNKNOWN
            for strand, p in uncarried_sites(codes, reference, kept) if source.ape else strange_sites(codes, kept):
                visible[p] = False
                self.sites[name][strand][p] = NEITHER
            self.genes += kept

    def window(self, source, strand, start, length):
        """(codes, sites, segments, visible) of [start, start + length), N beyond the contig, 5'->3' on `strand`."""
        total = len(self.codes[source])
        lo, hi = max(0, start), min(total, start + length)
        codes = np.full(length, UNKNOWN, np.uint8)
        sites, segments = np.zeros(length, np.uint8), np.zeros(length, np.uint8)
        visible = np.zeros(length, bool)
        if lo < hi:
            inside = slice(lo - start, hi - start)
            codes[inside] = self.codes[source][lo:hi]
            sites[inside] = self.sites[source][strand][lo:hi]
            segments[inside] = self.segments[source][strand][lo:hi]
            visible[inside] = self.visible[source][lo:hi]
        if strand == '-':
            return reverse_complement(codes), sites[::-1], segments[::-1], visible[::-1]
        return codes, sites, segments, visible


def genes_within(root, name, start, end, spliced_only=False):
    """Genes that lie wholly in [start, end) of a source."""
    return [g for g in source_genes(root, name) if g.start >= start and g.end <= end and (len(g.exons) > 1 or not spliced_only)]
