"""Training windows: around sites, inside genes, at mined decoys and anywhere, with augmentation."""
import numpy as np

from data import CODING, DONOR, OUTSIDE, SOURCES, UNKNOWN, Genome


def cumulative(weights):
    c = np.cumsum(np.asarray(weights, float))
    return c / c[-1]


class Sampler:
    def __init__(self, genome: Genome, length, margin, seed, mix=(0.5, 0.35, 0.15), mutate=0.0, hide_outside=0.15,
                 recombine=0.0, gaps=0.0):
        self.genome, self.length, self.margin = genome, length, margin
        self.random = np.random.default_rng(seed)
        self.mix, self.mutate, self.hide_outside, self.recombine = mix, mutate, hide_outside, recombine
        self.sources = list(genome.codes)
        self.site_list = [(c, s, int(p)) for c in self.sources for s in '+-' for p in np.nonzero(genome.sites[c][s])[0]]
        self.site_weight = cumulative([SOURCES[c].weight for c, _, _ in self.site_list])
        self.spliced = [g for g in genome.genes if len(g.exons) > 1]
        self.gene_weight = cumulative([(g.end - g.start) * SOURCES[g.source].weight for g in self.spliced])
        self.outside = [c for c in self.sources if SOURCES[c].outside]
        self.outside_weight = cumulative([int(genome.visible[c].sum()) for c in self.outside])
        self.decoys, self.decoy_weight = [], None
        self.coding_exons = self._coding_exons() if recombine else []
        self.exon_weight = cumulative([SOURCES[e[0]].weight for e in self.coding_exons]) if recombine else None
        # Chromosome 22 is in pieces. Its gaps are laid over a share of the windows of everything else, each at the
        # distance from the anchor at which it stands there, so that "N is near" says nothing about a site.
        self.pieces = [i for i, (c, _, _) in enumerate(self.site_list) if c == 'chr22']
        self.gaps = gaps if self.pieces else 0.0

    def pick(self, weights):
        return int(np.searchsorted(weights, self.random.random(), side='right'))

    def state(self):
        return {'random': self.random.bit_generator.state, 'decoy_weight': self.decoy_weight,
                'decoys': None if not self.decoys else
                (np.array([self.sources.index(c) * 2 + (s == '-') for c, s, _ in self.decoys], np.uint8),
                 np.array([p for _, _, p in self.decoys], np.int32))}

    def load_state(self, state):
        self.random.bit_generator.state = state['random']
        if state['decoys'] is not None:
            self.decoys = [(self.sources[k // 2], '+-'[k % 2], p) for k, p in zip(*(x.tolist() for x in state['decoys']))]
            self.decoy_weight = state['decoy_weight']

    def set_decoys(self, decoys, weight):
        """decoys [(source, strand, position)], drawn more than half of the time where a gene window was to be drawn."""
        self.decoys, self.decoy_weight = decoys, cumulative(weight).astype(np.float32)

    def _anchor(self):
        u = self.random.random()
        if u < self.mix[0]:
            return (*self.site_list[self.pick(self.site_weight)], True)
        if u < self.mix[0] + self.mix[1]:
            if self.decoys and self.random.random() < 0.6:
                return (*self.decoys[min(self.pick(self.decoy_weight), len(self.decoys) - 1)], True)
            while True:
                g = self.spliced[self.pick(self.gene_weight)]
                p = int(self.random.integers(g.start, g.end))
                if self.genome.visible[g.source][p] and self.genome.codes[g.source][p] != UNKNOWN:
                    return g.source, g.strand, p, True
        while True:
            c = self.outside[self.pick(self.outside_weight)]
            p = int(self.random.integers(len(self.genome.codes[c])))
            if self.genome.visible[c][p] and self.genome.codes[c][p] != UNKNOWN:
                return c, '+-'[self.random.integers(2)], p, False

    def _gaps_around(self, at):
        """Where chr22 has no sequence, in a window one of whose sites stands at `at`."""
        source, strand, position = self.site_list[self.pieces[self.random.integers(len(self.pieces))]]
        start = position - at if strand == '+' else position - (self.length - 1 - at)
        return self.genome.window(source, strand, start, self.length)[0] == UNKNOWN

    def _coding_exons(self):
        """[(source, strand, first, last)] of inner exons coding in their whole middle, in genome coordinates."""
        out = []
        for g in self.spliced:
            segments = self.genome.segments[g.source][g.strand]
            for s, e in g.exons[1:-1]:
                if e - s >= 50 and (segments[s + 15:e - 15] >= CODING).all() and (self.genome.codes[g.source][s:e] != UNKNOWN).all():
                    out.append((g.source, g.strand, s, e))
        return out

    def _half(self, exon, phase, at):
        """A window of self.length in which a base of `exon` with coding phase `phase` (None: any) stands at `at`."""
        source, strand, s, e = exon
        cut = int(self.random.integers(s + 20, e - 20))
        if phase is not None:
            step = (phase - int(self.genome.segments[source][strand][cut])) % 3
            cut += step if strand == '+' else -step
        start = cut - at if strand == '+' else cut - (self.length - 1 - at)
        return self.genome.window(source, strand, start, self.length)

    def _recombined(self):
        """The left part of one coding exon's window joined in frame to the right part of another's."""
        a, b = (self.coding_exons[self.pick(self.exon_weight)] for _ in range(2))
        at = int(self.random.integers(self.margin + 100, self.length - self.margin - 100))
        left = self._half(a, None, at)
        right = self._half(b, int(left[2][at]), at)
        return tuple(np.concatenate([x[:at], y[at:]]) for x, y in zip(left, right))

    def one(self):
        """codes, sites, segments, loss mask of one window whose anchor lies at a random place of its core."""
        if self.recombine and self.random.random() < self.recombine * self.mix[0]:
            in_gene, source, (codes, sites, segments, visible) = True, None, self._recombined()
            at = self.length // 2
        else:
            source, strand, position, in_gene = self._anchor()
            start = position - self.margin - int(self.random.integers(self.length - 2 * self.margin))
            codes, sites, segments, visible = (a.copy() for a in self.genome.window(source, strand, start, self.length))
            at = position - start if strand == '+' else start + self.length - 1 - position
        if in_gene and self.random.random() < self.hide_outside:
            codes[segments == OUTSIDE] = UNKNOWN
        if self.mutate and self.random.random() < 0.5:
            self._mutate(codes, sites)
        if self.gaps and (source is None or not SOURCES[source].table.startswith('chr22')) and self.random.random() < self.gaps:
            codes[self._gaps_around(at)] = UNKNOWN
        if self.random.random() < 0.05:
            s = int(self.random.integers(self.length))
            codes[s:s + int(self.random.integers(1, 200))] = UNKNOWN
        known = codes != UNKNOWN
        mask = visible & known
        for p in np.nonzero(sites)[0]:                           # no loss at a site whose dinucleotide is hidden
            beside = known[p + 1:p + 3] if sites[p] == DONOR else known[max(0, p - 2):p]
            mask[p] &= beside.all()
        mask[:self.margin] = False
        mask[self.length - self.margin:] = False
        return codes, sites, segments, mask

    def _mutate(self, codes, sites):
        rate = self.random.random() * 2 * self.mutate
        hit = self.random.random(self.length) < rate
        for p in np.nonzero(sites)[0]:
            hit[max(0, p - 20):p + 7] = False
        hit &= codes != UNKNOWN
        codes[hit] = (codes[hit] + self.random.integers(1, 4, hit.sum())) % 4

    def batch(self, count):
        return [np.stack(a) for a in zip(*(self.one() for _ in range(count)))]
