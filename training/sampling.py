"""Training windows: around sites, inside genes, at mined decoys and anywhere, with augmentation."""
import numpy as np

from data import CODING, OUTSIDE, UNKNOWN, Genome


class Sampler:
    def __init__(self, genome: Genome, length, margin, seed, mix=(0.5, 0.35, 0.15), mutate=0.0, hide_outside=0.15,
                 recombine=0.0):
        self.genome, self.length, self.margin = genome, length, margin
        self.random = np.random.default_rng(seed)
        self.mix, self.mutate, self.hide_outside = mix, mutate, hide_outside
        self.site_list = [(c, s, int(p)) for c in genome.codes for s in '+-' for p in np.nonzero(genome.sites[c][s])[0]]
        spliced = [g for g in genome.genes if len(g.exons) > 1]
        self.spliced, weight = spliced, np.array([g.end - g.start for g in spliced], float)
        self.gene_weight = weight / weight.sum()
        self.decoys, self.decoy_weight = [], None
        self.contigs = list(genome.codes)
        self.recombine = recombine
        self.coding_exons = self._coding_exons() if recombine else []

    def set_decoys(self, decoys, weight):
        """decoys [(contig, strand, position)], drawn half of the time where a gene window was to be drawn."""
        self.decoys, self.decoy_weight = decoys, np.asarray(weight, float) / np.sum(weight)

    def _anchor(self):
        u = self.random.random()
        if u < self.mix[0]:
            return (*self.site_list[self.random.integers(len(self.site_list))], True)
        if u < self.mix[0] + self.mix[1]:
            if self.decoys and self.random.random() < 0.6:
                return (*self.decoys[self.random.choice(len(self.decoys), p=self.decoy_weight)], True)
            g = self.spliced[self.random.choice(len(self.spliced), p=self.gene_weight)]
            return g.contig, g.strand, int(self.random.integers(g.start, g.end)), True
        while True:
            c = self.contigs[self.random.integers(len(self.contigs))]
            p = int(self.random.integers(len(self.genome.codes[c])))
            if self.genome.visible[c][p] and self.genome.codes[c][p] != UNKNOWN:
                return c, '+-'[self.random.integers(2)], p, False

    def _coding_exons(self):
        """[(contig, strand, first, last)] of inner exons coding in their whole middle, in genome coordinates."""
        out = []
        for g in self.spliced:
            segments = self.genome.segments[g.contig][g.strand]
            for s, e in g.exons[1:-1]:
                if e - s >= 50 and (segments[s + 15:e - 15] >= CODING).all():
                    out.append((g.contig, g.strand, s, e))
        return out

    def _half(self, exon, phase, at):
        """A window of self.length in which a base of `exon` with coding phase `phase` (None: any) stands at `at`."""
        contig, strand, s, e = exon
        cut = int(self.random.integers(s + 20, e - 20))
        if phase is not None:
            step = (phase - int(self.genome.segments[contig][strand][cut])) % 3
            cut += step if strand == '+' else -step
        start = cut - at if strand == '+' else cut - (self.length - 1 - at)
        return self.genome.window(contig, strand, start, self.length)

    def _recombined(self):
        """The left part of one coding exon's window joined in frame to the right part of another's."""
        a, b = (self.coding_exons[self.random.integers(len(self.coding_exons))] for _ in range(2))
        at = int(self.random.integers(self.margin + 100, self.length - self.margin - 100))
        left = self._half(a, None, at)
        right = self._half(b, int(left[2][at]), at)
        return tuple(np.concatenate([x[:at], y[at:]]) for x, y in zip(left, right))

    def one(self):
        """codes, sites, segments, loss mask of one window whose anchor lies at a random place of its core."""
        if self.recombine and self.random.random() < self.recombine * self.mix[0]:
            in_gene, (codes, sites, segments, visible) = True, self._recombined()
        else:
            contig, strand, position, in_gene = self._anchor()
            start = position - self.margin - int(self.random.integers(self.length - 2 * self.margin))
            codes, sites, segments, visible = (a.copy() for a in self.genome.window(contig, strand, start, self.length))
        if in_gene and self.random.random() < self.hide_outside:
            codes[segments == OUTSIDE] = UNKNOWN
        if self.mutate and self.random.random() < 0.5:
            self._mutate(codes, sites)
        if self.random.random() < 0.05:
            s = int(self.random.integers(self.length))
            codes[s:s + int(self.random.integers(1, 200))] = UNKNOWN
        mask = visible & (codes != UNKNOWN)
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
