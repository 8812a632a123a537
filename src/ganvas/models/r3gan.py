"""R3GAN: Huang et al. 2024, *The GAN is dead; long live the GAN!*, section 3: residual blocks without normalisation.

Written from the paper. Each stage resamples with the [1, 3, 3, 1] filter and adds inverted bottlenecks: 1×1 to twice
the width, 3×3 in groups, 1×1 back. The last layer of a block starts at zero and the others are scaled by
blocks^(−1/4) (Fixup, Zhang et al. 2019), which stands in for normalisation.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from ganvas.latent.priors import Prior
from ganvas.models import networks
from ganvas.nn.conditioning import Joined, Projected
from ganvas.nn.judgement import Judgement
from ganvas.nn.sizes import crop, doublings
from ganvas.space import Space

EXPANSION = 2
GAIN = math.sqrt(2.0 / (1.0 + 0.2**2))


def widths(space: Space, width: int) -> list[int]:
    """Width of each stage, from the base up: full for the first four, then halved at each doubling."""
    return [max(width >> max(0, stage - 3), 8) for stage in range(doublings(space).times + 1)]


def conv(a: int, b: int, size: int, gain: float, groups: int = 1, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the size, weights of standard deviation gain / √fan-in."""
    layer = nn.Conv2d(a, b, size, padding=size // 2, groups=groups, bias=bias)
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Block(nn.Module):
    """An inverted bottleneck on a residual branch: (N, C, H, W) → the same shape."""

    def __init__(self, width: int, group_size: int, blocks: int) -> None:
        super().__init__()
        inner, gain = EXPANSION * width, GAIN * blocks**-0.25
        self.expand = conv(width, inner, 1, gain)
        self.spatial = conv(inner, inner, 3, gain, groups=max(1, inner // group_size))
        self.project = conv(inner, width, 1, 0.0, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = leaky_relu(self.expand(x), 0.2)
        y = leaky_relu(self.spatial(y), 0.2)
        out: Tensor = x + self.project(y)
        return out


def doubled(x: Tensor) -> Tensor:
    """Twice the size; bilinear weights are the [1, 3, 3, 1] filter."""
    return interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def halved(x: Tensor) -> Tensor:
    """Half the size, rounded up; the antialiased triangle is the [1, 3, 3, 1] filter."""
    size = ((x.shape[2] + 1) // 2, (x.shape[3] + 1) // 2)
    return interpolate(x, size=size, mode="bilinear", align_corners=False, antialias=True)


def stages(config: R3GANGenerator | R3GANDiscriminator, sizes: list[int]) -> nn.ModuleList:
    """Blocks of each stage, with a 1×1 convolution where the width changes from the stage before."""
    count = config.blocks * len(sizes)
    return nn.ModuleList(
        nn.Sequential(
            conv(before, width, 1, 1.0, bias=False) if before != width else nn.Identity(),
            *(Block(width, config.group_size, count) for _ in range(config.blocks)),
        )
        for before, width in zip([sizes[0], *sizes], sizes, strict=False)
    )


class R3GANGenerator(networks.GeneratorConfig):
    """Published: width 768, groups of 16 channels (96 of them), 2 blocks a stage."""

    kind: Literal["r3gan"] = "r3gan"
    width: int = Field(default=768, ge=8, multiple_of=8)
    group_size: int = Field(default=16, ge=1)
    blocks: int = Field(default=2, ge=1)

    def network(self, space: Space, prior: Prior) -> networks.Generator:
        return Generator(self, space, prior)


class Generator(networks.Generator):
    """z (N, dimension) → a learned basis of the base size, weighted by z → stages → (N, C, H, W)."""

    def __init__(self, config: R3GANGenerator, space: Space, prior: Prior) -> None:
        super().__init__()
        self.space = space
        sizes = widths(space, config.width)
        self.latent = Joined(prior.dimension, space.condition, prior.dimension)
        self.weigh = nn.Linear(self.latent.width, sizes[0], bias=False)
        self.basis = nn.Parameter(torch.randn(sizes[0], *doublings(space).base))
        self.stages = stages(config, sizes)
        self.colour = conv(sizes[-1], space.channels, 1, 1.0, bias=False)
        nn.init.normal_(self.weigh.weight, 0.0, self.latent.width**-0.5)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        x = self.weigh(self.latent(z, condition))[:, :, None, None] * self.basis
        for i, stage in enumerate(self.stages):
            x = stage(doubled(x) if i else x)
        images: Tensor = self.colour(x)
        return crop(images, self.space)


class R3GANDiscriminator(networks.DiscriminatorConfig):
    """The generator's mirror."""

    kind: Literal["r3gan"] = "r3gan"
    width: int = Field(default=768, ge=8, multiple_of=8)
    group_size: int = Field(default=16, ge=1)
    blocks: int = Field(default=2, ge=1)

    def network(self, space: Space) -> networks.Discriminator:
        return Discriminator(self, space)


class Discriminator(networks.Discriminator):
    """(N, C, H, W) → stages → a learned weight at each place of the base, summed → linear and projection."""

    def __init__(self, config: R3GANDiscriminator, space: Space) -> None:
        super().__init__()
        sizes = widths(space, config.width)[::-1]
        self.colour = conv(space.channels, sizes[0], 1, 1.0, bias=False)
        self.stages = stages(config, sizes)
        base = doublings(space).base
        # a depthwise convolution over the whole base, written as a product: its double backward is one more product
        self.basis = nn.Parameter(torch.randn(sizes[-1], *base) / math.sqrt(math.prod(base)))
        self.judge = Projected(sizes[-1], space.condition, config.minibatch)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        x = self.colour(images)
        for i, stage in enumerate(self.stages):
            x = stage(halved(x) if i else x)
        return Judgement(self.judge((x * self.basis).sum((2, 3)), condition))
