"""SRGAN: Ledig et al. 2017, *Photo-realistic single image super-resolution using a generative adversarial network*,
section 2.1 and figure 4.

The generator (SRResNet) works at the size of its source and enlarges at the end, by sub-pixel convolutions. 16 blocks
and fourfold: 1.547 million parameters; the discriminator has 23.56 million before 96×96.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

from ganvas.models import networks
from ganvas.nn.conditioning import Projected
from ganvas.nn.judgement import Judgement
from ganvas.nn.reach import reach
from ganvas.nn.scaling import scale_between
from ganvas.space import Source, Space


class SRResNetTranslator(networks.TranslatorConfig):
    """Published: 16 blocks, width 64, batch normalisation, no skip past the whole network."""

    kind: Literal["srresnet"] = "srresnet"
    blocks: int = Field(default=16, ge=0)
    width: int = Field(default=64, ge=1)
    norm: Literal["batch", "none"] = "batch"
    skip: Literal["none", "bilinear"] = "none"
    """``bilinear``: the network adds to the enlarged source; else its own output goes through tanh."""

    def network(self, source: Source, target: Space) -> networks.Translator:
        return Translator(
            self, source.channels, target.channels, scale_between(source, target, (1, 2, 4, 8), "SRResNet")
        )


class Block(nn.Module):
    """x + conv(prelu(conv(x))): (N, width, h, w) → the same shape."""

    def __init__(self, config: SRResNetTranslator) -> None:
        super().__init__()
        self.branch = nn.Sequential(*_conv(config), nn.PReLU(), *_conv(config))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.branch(x)
        return out


class Translator(networks.Translator):
    """(N, C, h, w) → (N, C', scale·h, scale·w).

    The paper's targets lie in [−1, 1] and it names no last function; tanh keeps the pictures there, as in the re-runs
    that meet its numbers. With a skip there is none, for the source lies there already.
    """

    def __init__(self, config: SRResNetTranslator, source: int, target: int, scale: int) -> None:
        super().__init__()
        self.scale, self.skip, width = scale, config.skip, config.width
        self.stem = nn.Sequential(nn.Conv2d(source, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(Block(config) for _ in range(config.blocks)), *_conv(config))
        self.ups = nn.Sequential(*(_doubling(width) for _ in range(scale.bit_length() - 1)))
        self.colour = nn.Conv2d(width, target, 9, padding=4)
        if config.norm == "none":  # nothing else keeps a sum of so many branches small
            for layer in self.blocks.modules():
                if isinstance(layer, nn.Conv2d):
                    nn.init.kaiming_normal_(layer.weight)
                    layer.weight.data.mul_(0.1)
        self.reach = reach(self, scale, 1)

    def forward(self, source: Tensor) -> Tensor:
        # channels last: an eighth faster to use and a fifth to train on CPUs; with strided layers (U-Net) it is slower
        x = self.stem(source.contiguous(memory_format=torch.channels_last))
        pictures: Tensor = self.colour(self.ups(x + self.blocks(x)))
        if self.skip == "none":
            return pictures.tanh()
        return pictures + interpolate(source, size=pictures.shape[2:], mode="bilinear")


def _conv(config: SRResNetTranslator) -> list[nn.Module]:
    batch = config.norm == "batch"
    conv = nn.Conv2d(config.width, config.width, 3, padding=1, bias=not batch)
    return [conv, nn.BatchNorm2d(config.width)] if batch else [conv]


def _doubling(width: int) -> nn.Sequential:
    """Four times the channels, laid out as two by two pixels (Shi et al. 2016)."""
    return nn.Sequential(nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU())


class SRGANDiscriminator(networks.DiscriminatorConfig):
    """Published: width 64, batch normalisation, 1024 features."""

    kind: Literal["srgan"] = "srgan"
    width: int = Field(default=64, ge=1)
    norm: Literal["batch", "none"] = "batch"
    features: int = Field(default=1024, ge=1)

    @property
    def batch_normalised(self) -> bool:
        return self.norm == "batch"

    def network(self, space: Space) -> networks.Discriminator:
        return Discriminator(self, space)


class Discriminator(networks.Discriminator):
    """(N, C, H, W) → eight convolutions, each second one halving → dense → logits (N,), at the size of its space."""

    def __init__(self, config: SRGANDiscriminator, space: Space) -> None:
        super().__init__()
        widths = [config.width * 2 ** (i // 2) for i in range(8)]
        batch = config.norm == "batch"
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=1 + i % 2, padding=1, bias=not batch or i == 0)
            for i, (a, b) in enumerate(zip([space.channels, *widths], widths, strict=False))
        )
        # no normalisation on the first layer: it would hide the pictures' own brightness and contrast
        self.norms = nn.ModuleList(nn.BatchNorm2d(w) if batch and i else nn.Identity() for i, w in enumerate(widths))
        places = -(-space.height // 16) * -(-space.width // 16)
        self.dense = nn.Linear(widths[-1] * places, config.features)
        self.judge = Projected(config.features, space.condition, config.minibatch)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        x = images
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = leaky_relu(norm(conv(x)), 0.2)
        return Judgement(self.judge(leaky_relu(self.dense(x.flatten(1)), 0.2), condition))
