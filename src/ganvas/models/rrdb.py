"""RRDBNet: Wang et al. 2018, *ESRGAN: Enhanced super-resolution generative adversarial networks*, section 3.1, and
Wang et al. 2021, *Real-ESRGAN*, section 3.3: dense blocks inside residual blocks, without normalisation.

23 blocks and fourfold: 16.698 million parameters.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganvas.models import networks
from ganvas.nn.reach import reach
from ganvas.nn.scaling import Doubled, check_multiple, scale_between
from ganvas.space import Source, Space

RESIDUAL = 0.2
"""β: how much of a branch is added."""


class RRDBTranslator(networks.TranslatorConfig):
    """Published: 23 blocks, width 64, growth 32."""

    kind: Literal["rrdb"] = "rrdb"
    blocks: int = Field(default=23, ge=0)
    width: int = Field(default=64, ge=1)
    growth: int = Field(default=32, ge=1)
    unshuffle: bool = True
    """Below fourfold, pixels are first laid out as channels, so that the blocks always work at a quarter of the
    target's size (Real-ESRGAN); else there is one doubling for each factor of two."""

    def network(self, source: Source, target: Space) -> networks.Translator:
        scale = scale_between(source, target, (1, 2, 4, 8, 16), "RRDB")
        shrink = max(1, 4 // scale) if self.unshuffle else 1
        check_multiple(source, shrink, "RRDB")
        return Translator(self, source.channels, target.channels, scale, shrink)


class Dense(nn.Module):
    """Five convolutions, each sees all before it: (N, width, h, w) → the same shape."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_small(width + i * growth, growth if i < 4 else width) for i in range(5))

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for conv in self.convs[:-1]:
            seen = torch.cat([seen, leaky_relu(conv(seen), 0.2)], dim=1)
        out: Tensor = x + RESIDUAL * self.convs[-1](seen)
        return out


class Block(nn.Module):
    """Three dense blocks on a residual branch: (N, width, h, w) → the same shape."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(*(Dense(width, growth) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + RESIDUAL * self.dense(x)
        return out


class Translator(networks.Translator):
    """(N, C, h, w) → (N, C', scale·h, scale·w); inside, pictures lie in [0, 1], as the published weights want."""

    def __init__(self, config: RRDBTranslator, source: int, target: int, scale: int, shrink: int) -> None:
        super().__init__()
        self.scale, self.multiple, width = scale, shrink, config.width
        self.unshuffle = nn.PixelUnshuffle(shrink)
        self.first = _conv(source * shrink**2, width)
        self.blocks = nn.Sequential(*(Block(width, config.growth) for _ in range(config.blocks)))
        self.after = _conv(width, width)
        doublings = int(math.log2(scale * shrink))
        self.ups = nn.ModuleList(nn.Sequential(Doubled("nearest"), _conv(width, width)) for _ in range(doublings))
        self.full = _conv(width, width)
        self.colour = _conv(width, target)
        self.reach = reach(self, scale, shrink)

    def forward(self, source: Tensor) -> Tensor:
        unit = (0.5 * source + 0.5).contiguous(memory_format=torch.channels_last)
        x = self.first(self.unshuffle(unit))
        x = x + self.after(self.blocks(x))
        for up in self.ups:
            x = leaky_relu(up(x), 0.2)
        pictures: Tensor = self.colour(leaky_relu(self.full(x), 0.2))
        return 2.0 * pictures - 1.0


def _conv(a: int, b: int) -> nn.Conv2d:
    return nn.Conv2d(a, b, 3, padding=1)


def _small(a: int, b: int) -> nn.Conv2d:
    """A tenth of He et al.'s weights: the sum of so many branches must start small (ESRGAN, section 3.1)."""
    conv = _conv(a, b)
    nn.init.kaiming_normal_(conv.weight)
    conv.weight.data.mul_(0.1)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv
