"""The residual network of CycleGAN: Zhu, Park, Isola & Efros 2017, *Unpaired image-to-image translation using
cycle-consistent adversarial networks*, section 7.2, after Johnson et al. 2016.

Two strided convolutions, residual blocks at a quarter of the size, two fractionally strided ones; borders are mirrored.
9 blocks: 11.378 million parameters; the paper takes 6 (7.84 million) at 128×128.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from ganvas.models import networks
from ganvas.nn.finish import finish
from ganvas.nn.norms import Norm, biased, initialise, normalised
from ganvas.nn.reach import reach
from ganvas.nn.scaling import Blurred, Doubled, check_multiple, scale_between
from ganvas.space import Source, Space


class ResNetTranslator(networks.TranslatorConfig):
    """Published: 9 blocks, width 64, instance normalisation, no dropout."""

    kind: Literal["resnet"] = "resnet"
    blocks: int = Field(default=9, ge=0)
    width: int = Field(default=64, ge=1)
    norm: Norm = "instance"
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Inside the blocks; the published code takes .5 where it takes it."""
    antialias: bool = False
    """Blur before halving and double between pixels, as CUT does (Park et al. 2020): no checkerboards."""
    residual: bool = False
    """Say what to change instead of painting anew: what comes out is added to the source, and nothing at first. For
    source and target that look alike."""

    def network(self, source: Source, target: Space) -> networks.Translator:
        scale_between(source, target, (1,), "a ResNet")
        check_multiple(source, Translator.multiple, "a ResNet")
        return Translator(self, source.channels, target.channels)


class Block(nn.Module):
    """x + conv(relu(conv(x))), mirrored borders: (N, width, h, w) → the same shape."""

    def __init__(self, config: ResNetTranslator, width: int) -> None:
        super().__init__()
        norm, bias = config.norm, biased(config.norm)
        self.branch = nn.Sequential(
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3, bias=bias),
            normalised(norm, width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3, bias=bias),
            normalised(norm, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.branch(x)
        return out


class Translator(networks.Translator):
    """(N, C, h, w) → (N, C', h, w)."""

    multiple = 4

    def __init__(self, config: ResNetTranslator, source: int, target: int) -> None:
        super().__init__()
        width = config.width
        stem = nn.Conv2d(source, width, 7, bias=biased(config.norm))
        self.stem = nn.Sequential(nn.ReflectionPad2d(3), stem, normalised(config.norm, width), nn.ReLU())
        self.downs = nn.ModuleList(_down(config, a, 2 * a) for a in (width, 2 * width))
        self.blocks = nn.ModuleList(Block(config, 4 * width) for _ in range(config.blocks))
        self.ups = nn.ModuleList(_up(config, 2 * b, b) for b in (2 * width, width))
        self.colour = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(width, target, 7))
        initialise(self)
        self.finish = finish(config.residual, source, target, self.colour[-1])
        self.reach = reach(self, self.scale, self.multiple)

    def forward(self, source: Tensor) -> Tensor:
        x = self.stem(source)
        for part in (*self.downs, *self.blocks, *self.ups):
            x = part(x)
        return self.finish(self.colour(x), source)


def _down(config: ResNetTranslator, a: int, b: int) -> nn.Sequential:
    stride = 1 if config.antialias else 2
    conv = nn.Conv2d(a, b, 3, stride=stride, padding=1, bias=biased(config.norm))
    blur = [Blurred()] if config.antialias else []
    return nn.Sequential(conv, normalised(config.norm, b), nn.ReLU(), *blur)


def _up(config: ResNetTranslator, a: int, b: int) -> nn.Sequential:
    bias = biased(config.norm)
    layers: list[nn.Module] = [nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1, bias=bias)]
    if config.antialias:
        layers = [Doubled("bilinear"), nn.Conv2d(a, b, 3, padding=1, bias=bias)]
    return nn.Sequential(*layers, normalised(config.norm, b), nn.ReLU())
