"""The network: dense dilated convolutions for the exon and its sites, two-sided Hyena blocks for what is far.

Every tensor is [batch, channels, 1, length] in channels-last memory (fast convolutions and dense layers on a CPU).
Inside a window the convolutions are zero-padded; `SpliceNet.half_field` positions at both sides of a window
therefore differ from what exact inference gives and carry no loss in the last stage.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

SEGMENT_COUNT = 6
TRACKS = ['neither', 'acceptor', 'donor']


def conv(x, weight, bias, dilation=1, groups=1):
    """x [batch, c_in, 1, length], weight [c_out, c_in / groups, width], odd width, centred."""
    half = (weight.shape[-1] - 1) // 2 * dilation
    return F.conv2d(x, weight.unsqueeze(2).contiguous(memory_format=torch.channels_last), bias,
                    padding=(0, half), dilation=(1, dilation), groups=groups)


def channel_norm(x, layer):
    return layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def dense(x, layer):
    return layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvBlock(nn.Module):
    """r + conv2(act(bn2(conv1(act(bn1(r))))))"""

    def __init__(self, d, width, dilation, dropout):
        super().__init__()
        self.dilation, self.dropout = dilation, dropout
        self.half_field = (width - 1) * dilation
        self.bn1, self.bn2 = nn.BatchNorm2d(d), nn.BatchNorm2d(d)
        self.conv1, self.conv2 = nn.Conv1d(d, d, width), nn.Conv1d(d, d, width)
        with torch.no_grad():
            self.conv2.weight.mul_(0.5)

    def forward(self, r):
        x = conv(F.leaky_relu(self.bn1(r), 0.1), self.conv1.weight, self.conv1.bias, self.dilation)
        x = F.leaky_relu(self.bn2(x), 0.1)
        if self.training and self.dropout:
            x = x * (torch.rand(x.shape[0], x.shape[1], 1, 1) > self.dropout).float().div_(1 - self.dropout)
        return r + conv(x, self.conv2.weight, self.conv2.bias, self.dilation)


def log_knots(half, dense_half=8, ratio=1.3):
    knots, k = list(range(dense_half + 1)), dense_half
    while k < half:
        k = min(half, max(k + 1, int(round(k * ratio))))
        knots.append(k)
    return [-k for k in reversed(knots[1:])] + knots


def hat_basis(taps):
    """[knots, taps]: linear interpolation between knots that stand denser near 0; each row sums to 1."""
    half = (taps - 1) // 2
    knots = torch.tensor(log_knots(half), dtype=torch.float64)
    t = torch.arange(-half, half + 1, dtype=torch.float64)
    basis = torch.zeros(len(knots), taps, dtype=torch.float64)
    for i, k in enumerate(knots):
        if i > 0:
            a = knots[i - 1]
            m = (t > a) & (t <= k)
            basis[i, m] = (t[m] - a) / (k - a)
        if i + 1 < len(knots):
            b = knots[i + 1]
            m = (t >= k) & (t < b)
            basis[i, m] = (b - t[m]) / (b - k)
    return (basis / basis.sum(1, keepdim=True)).float(), knots


class HyenaBlock(nn.Module):
    """Order-2 Hyena operator, two-sided: r + Wout (x0 * ((filter * g) + D g)), g = v x1."""

    def __init__(self, d, taps, short_taps, dropout):
        super().__init__()
        self.taps, self.dropout = taps, dropout
        self.half_field = (taps - 1) // 2 + (short_taps - 1) // 2
        self.norm = nn.LayerNorm(d, eps=1e-5)
        self.in_proj, self.out_proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.short = nn.Conv1d(3 * d, 3 * d, short_taps, groups=3 * d)
        basis, knots = hat_basis(taps)
        self.register_buffer('basis', basis, persistent=False)
        reach = torch.exp(torch.linspace(math.log(4.0), math.log((taps - 1) / 4), d))[:, None]   # one reach a channel
        decay = torch.exp(-knots.float().abs()[None] / reach) * (knots.abs() <= 128)             # far taps start at zero:
        self.coefficients = nn.Parameter(torch.randn(d, len(knots)) * decay * 0.3)               # short windows leave them so
        self.D = nn.Parameter(torch.ones(d) * 0.5)
        with torch.no_grad():
            self.out_proj.weight.zero_()                     # starts as the identity
            self.out_proj.bias.zero_()

    def filter(self):
        return self.coefficients @ self.basis

    def forward(self, r):
        length = r.shape[-1]
        u = dense(channel_norm(r, self.norm), self.in_proj)
        u = conv(u, self.short.weight, self.short.bias, groups=self.short.weight.shape[0])
        x0, x1, v = u.squeeze(2).contiguous().chunk(3, 1)                    # [batch, d, length]
        g = v * x1
        taps = self.filter()
        half = (self.taps - 1) // 2
        reach = min(half, length - 1)
        taps = taps[:, half - reach: half + reach + 1]                         # taps beyond the window meet zeros
        size = good_size(length + reach)
        spectrum = torch.fft.rfft(torch.roll(F.pad(taps, (0, size - taps.shape[1])), -reach, 1))
        y = torch.fft.irfft(torch.fft.rfft(g, n=size) * spectrum, n=size)[..., :length]
        y = x0 * (y + self.D[:, None] * g)
        y = dense(y.unsqueeze(2), self.out_proj)
        if self.training and self.dropout:
            y = y * (torch.rand(y.shape[0], y.shape[1], 1, 1) > self.dropout).float().div_(1 - self.dropout)
        return r + y


def good_size(n):
    best = 1 << (n - 1).bit_length()
    for small in (3, 5, 9, 15):
        s = small
        while s < n:
            s *= 2
        best = min(best, s)
    return best


class MlpBlock(nn.Module):
    half_field = 0

    def __init__(self, d, hidden):
        super().__init__()
        self.norm = nn.LayerNorm(d, eps=1e-5)
        self.fc1, self.fc2 = nn.Linear(d, hidden), nn.Linear(hidden, d)
        with torch.no_grad():
            self.fc2.weight.zero_()
            self.fc2.bias.zero_()

    def forward(self, r):
        x = self.norm(r.permute(0, 2, 3, 1))
        return r + self.fc2(F.gelu(self.fc1(x), approximate='tanh')).permute(0, 3, 1, 2)


class SpliceNet(nn.Module):
    def __init__(self, config, dropout=0.1):
        super().__init__()
        self.config = config
        d = config['d_model']
        self.stem = nn.Conv1d(4, d, config['stem_width'])
        blocks = []
        for b in config['blocks']:
            if b['type'] == 'conv':
                blocks.append(ConvBlock(d, b['width'], b['dilation'], dropout))
            elif b['type'] == 'hyena':
                blocks.append(HyenaBlock(d, b['taps'], b['short_taps'], dropout))
            else:
                blocks.append(MlpBlock(d, b['hidden']))
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(d, eps=1e-5)
        self.head = nn.Linear(d, len(TRACKS))
        self.segment_head = nn.Linear(d, SEGMENT_COUNT)        # auxiliary target, dropped at export
        self.half_field = (config['stem_width'] - 1) // 2 + sum(b.half_field for b in self.blocks)
        with torch.no_grad():
            self.head.bias.copy_(torch.tensor([4.0, -2.0, -2.0]))

    def forward(self, onehot, auxiliary=False):
        """onehot [batch, 4, length] -> logits [batch, length, 3] (and segment logits [batch, length, 6])"""
        x = onehot.unsqueeze(2).contiguous(memory_format=torch.channels_last)
        r = conv(x, self.stem.weight, self.stem.bias)
        for block in self.blocks:
            r = block(r)
        h = self.norm(r.squeeze(2).permute(0, 2, 1))
        return (self.head(h), self.segment_head(h)) if auxiliary else self.head(h)


def one_hot(codes):
    """uint8 [batch, length] -> float [batch, 4, length]; unknown bases are all zeros."""
    return torch.eye(5)[torch.as_tensor(codes).long()][..., :4].permute(0, 2, 1)


def architecture(name):
    """The configurations that were tried, by name."""
    d, width, dilations, hyena = {
        'local32': (32, 11, (1, 1, 1, 1, 4, 4, 4, 4), ()),
        'local48': (48, 9, (1, 1, 1, 3, 3, 6, 6, 12), ()),
        'local32f': (32, 11, (1, 1, 1, 3, 3, 6, 6, 12), ()),
        'hyena32': (32, 11, (1, 1, 1, 3, 3, 6), (4801, 4801)),
        'trunk32': (32, 11, (1, 1, 1, 1, 3, 3, 3, 6, 6, 12), ()),
        'dilated32': (32, 11, (1, 1, 1, 1, 3, 3, 3, 6, 6, 12, 24, 24, 48, 48, 96, 96), ()),
        'deep32': (32, 11, (1, 1, 1, 3, 3, 6, 6, 12), (4801, 4801)),
    }[name]
    blocks = [{'type': 'conv', 'width': width, 'dilation': a} for a in dilations]
    for taps in hyena:
        blocks += [{'type': 'hyena', 'taps': taps, 'short_taps': 5}, {'type': 'mlp', 'hidden': 2 * d}]
    return {'model_type': 'genoconv-splice', 'd_model': d, 'stem_width': 11, 'blocks': blocks, 'tracks': TRACKS}
