"""How a discriminator sees what a picture was translated from."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganvas.nn.judgement import Judgement


class Beside(nn.Module):
    """Judges source and picture together, stacked along their channels (pix2pix, Isola et al. 2017, equation 1): is
    this a picture *of that*? A source of another size is enlarged by repeating its pixels.

    Args:
        discriminator: for the channels of both.
    """

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.mixes_samples = bool(discriminator.mixes_samples)

    def forward(self, images: Tensor, source: Tensor) -> Judgement:
        """(N, C, H, W) and (N, C', h, w)."""
        if source.shape[2:] != images.shape[2:]:
            source = interpolate(source, size=images.shape[2:], mode="nearest")
        judgement: Judgement = self.discriminator(torch.cat([source, images], dim=1), None)
        return judgement


class Blind(nn.Module):
    """Judges pictures without looking at their source: is this a picture? (pix2pix without its condition, CycleGAN,
    SRGAN).

    Args:
        discriminator: for the pictures' channels.
    """

    def __init__(self, discriminator: nn.Module) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.mixes_samples = bool(discriminator.mixes_samples)

    def forward(self, images: Tensor, source: Tensor | None = None) -> Judgement:
        """(N, C, H, W); whatever the source is."""
        judgement: Judgement = self.discriminator(images, None)
        return judgement
