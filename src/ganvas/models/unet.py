"""The U-Net of pix2pix: Isola, Zhu, Zhou & Efros 2017, *Image-to-image translation with conditional adversarial
networks*, section 6.1.1; layers as in the authors' PyTorch version.

Down by strided convolutions until next to nothing is left, and up again; each step up also sees what stood at its size
on the way down. At 256×256: 8 levels of 64, 128, 256, 512, 512 … channels, 54.414 million parameters.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganvas.errors import GanvasError
from ganvas.models import networks
from ganvas.nn.finish import finish
from ganvas.nn.norms import Norm, biased, initialise, normalised
from ganvas.nn.scaling import halvings, scale_between
from ganvas.space import Source, Space

MISSING = 3
"""A picture that can be halved so many times less often than its size would allow is better cropped first."""


class UNetTranslator(networks.TranslatorConfig):
    """Published: 8 levels, width 64, batch normalisation, dropout .5."""

    kind: Literal["unet"] = "unet"
    levels: int = Field(default=8, ge=1)
    """At most; a picture has no more levels than times it can be halved: 256 → 8, 128 → 7, 64 → 6, 256×192 → 6."""
    width: int = Field(default=64, ge=1)
    norm: Norm = "batch"
    dropout: float = Field(default=0.5, ge=0.0, lt=1.0)
    """On the levels of full width on the way up, the innermost aside: the only noise that pix2pix has."""
    residual: bool = False
    """Say what to change instead of painting anew: what comes out is added to the source, and nothing at first. For
    source and target that look alike."""

    def network(self, source: Source, target: Space) -> networks.Translator:
        scale_between(source, target, (1,), "a U-Net")
        return Translator(self, source, target.channels)

    def depth(self, source: Source) -> int:
        """How many levels there are at this size.

        Raises:
            GanvasError: the sides can hardly be halved.
        """
        wanted = min(self.levels, int(math.log2(min(source.height, source.width))))
        possible = min(wanted, halvings(source.height, source.width))
        if possible < max(1, wanted - MISSING):
            unit = 2 ** max(1, wanted - MISSING + 1)
            near = "x".join(str(max(1, side // unit) * unit) for side in (source.height, source.width))
            raise GanvasError(
                f"a U-Net halves pictures {wanted} times, {source.height}x{source.width} allows {possible}; "
                f"train at {near}, or take generator=resnet"
            )
        return possible


class Translator(networks.Translator):
    """(N, C, h, w) → (N, C', h, w)."""

    def __init__(self, config: UNetTranslator, source: Source, channels: int) -> None:
        super().__init__()
        levels, norm, bias = config.depth(source), config.norm, biased(config.norm)
        self.multiple = 2**levels
        widths = [config.width * min(2**i, 8) for i in range(levels)]
        self.downs = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1, bias=bias) for a, b in pairwise([source.channels, *widths])
        )
        # the first sees raw brightness; at the innermost a single pixel may be left, which has no variance
        inner = range(1, levels - 1)
        self.down_norms = nn.ModuleList(normalised(norm if i in inner else "none", w) for i, w in enumerate(widths))
        ups = list(pairwise([*widths[::-1], channels]))
        last = levels - 1
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(a if i == 0 else 2 * a, b, 4, stride=2, padding=1, bias=bias or i == last)
            for i, (a, b) in enumerate(ups)
        )
        self.up_norms = nn.ModuleList(normalised(norm if i < last else "none", b) for i, (_, b) in enumerate(ups))
        self.dropouts = nn.ModuleList(nn.Dropout(config.dropout if 0 < i < levels - 4 else 0.0) for i in range(levels))
        initialise(self)
        self.finish = finish(config.residual, source.channels, channels, self.ups[-1])

    def forward(self, source: Tensor) -> Tensor:
        x, skips = source, []
        for i, (down, norm) in enumerate(zip(self.downs, self.down_norms, strict=True)):
            x = norm(down(leaky_relu(x, 0.2) if i else x))
            skips.append(x)
        del skips[-1]
        for up, norm, dropout in zip(self.ups, self.up_norms, self.dropouts, strict=True):
            x = dropout(norm(up(x.relu())))
            x = torch.cat([skips.pop(), x], dim=1) if skips else x
        return self.finish(x, source)
