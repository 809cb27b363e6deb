"""Training windows: around sites, inside genes, at mined decoys and anywhere, with augmentation."""
import numpy as np

from data import OUTSIDE, UNKNOWN, Genome


class Sampler:
    def __init__(self, genome: Genome, length, margin, seed, mix=(0.5, 0.35, 0.15), mutate=0.0, hide_outside=0.15):
        self.genome, self.length, self.margin = genome, length, margin
        self.random = np.random.default_rng(seed)
        self.mix, self.mutate, self.hide_outside = mix, mutate, hide_outside
        self.site_list = [(c, s, int(p)) for c in genome.codes for s in '+-' for p in np.nonzero(genome.sites[c][s])[0]]
        spliced = [g for g in genome.genes if len(g.exons) > 1]
        self.spliced, weight = spliced, np.array([g.end - g.start for g in spliced], float)
        self.gene_weight = weight / weight.sum()
        self.decoys, self.decoy_weight = [], None
        self.contigs = list(genome.codes)

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

    def one(self):
        """codes, sites, segments, loss mask of one window whose anchor lies at a random place of its core."""
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
