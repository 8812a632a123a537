"""Discriminators that judge patches: Isola et al. 2017, section 3.2.2: is each N×N patch real or fake?

Run across a picture like any convolution, averaged over all patches; sharpness is their business, the whole picture is
that of the L1 term. ``layers`` of 3 sees patches of 70×70, with 2.769 million parameters before 6 channels.
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganvas.errors import GanvasError
from ganvas.models import networks
from ganvas.nn.conditioning import Agreement
from ganvas.nn.judgement import Judgement
from ganvas.nn.minibatch import Attached
from ganvas.nn.norms import Norm, biased, initialise, normalised
from ganvas.space import Space


class PatchGANDiscriminator(networks.DiscriminatorConfig):
    """Published: 3 layers, width 64; batch normalisation for pix2pix, instance for CycleGAN."""

    kind: Literal["patchgan"] = "patchgan"
    layers: int = Field(default=3, ge=1)
    """Halvings. Patches of 1 → 16, 2 → 34, 3 → 70, 4 → 142, 5 → 286 pixels a side."""
    width: int = Field(default=64, ge=1)
    norm: Norm = "batch"

    @property
    def batch_normalised(self) -> bool:
        return self.norm == "batch"

    @property
    def smallest(self) -> int:
        """The shortest side that leaves one patch: 24 for 3 layers."""
        return 3 << self.layers

    def network(self, space: Space) -> networks.Discriminator:
        side = min(space.height, space.width)
        if side < self.smallest:
            fewer = f"discriminator.layers={int(math.log2(side / 3))}" if side >= 6 else "discriminator=pixel"
            raise GanvasError(
                f"a PatchGAN of {self.layers} layers needs pictures of at least {self.smallest} pixels a side, not "
                f"{space.height}x{space.width}; take {fewer}"
            )
        widths = [self.width * min(2**i, 8) for i in range(self.layers + 1)]
        return Discriminator(self, space, widths, kernel=4, strides=[2] * self.layers + [1], last_bias=True)


class PixelDiscriminator(networks.DiscriminatorConfig):
    """Patches of a single pixel: it can judge colours only. Published: width 64."""

    kind: Literal["pixel"] = "pixel"
    width: int = Field(default=64, ge=1)
    norm: Norm = "batch"

    @property
    def batch_normalised(self) -> bool:
        return self.norm == "batch"

    def network(self, space: Space) -> networks.Discriminator:
        widths = [self.width, 2 * self.width]
        return Discriminator(self, space, widths, kernel=1, strides=[1, 1], last_bias=biased(self.norm))


class Discriminator(networks.Discriminator):
    """(N, C, H, W) → logits (N, P), row by row one for each of the P = h·w `patches`; any size that leaves one."""

    def __init__(
        self,
        config: PatchGANDiscriminator | PixelDiscriminator,
        space: Space,
        widths: list[int],
        kernel: int,
        strides: list[int],
        last_bias: bool,
    ) -> None:
        super().__init__()
        padding = 1 if kernel > 1 else 0
        # no normalisation on the first layer: it would hide the pictures' own brightness and contrast
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, kernel, stride=stride, padding=padding, bias=biased(config.norm) or i == 0)
            for i, (a, b, stride) in enumerate(zip([space.channels, *widths], widths, strides, strict=False))
        )
        self.norms = nn.ModuleList(normalised(config.norm if i else "none", width) for i, width in enumerate(widths))
        self.kernel, self.padding, self.strides = kernel, padding, strides
        places = self._shape(space.height, space.width)
        self.attached = Attached(config.minibatch, widths[-1] * places[0] * places[1])
        self.last = nn.Conv2d(widths[-1] + self.attached.size, 1, kernel, padding=padding, bias=last_bias)
        self.agreement = Agreement(widths[-1], space.condition)
        initialise(self)

    def patches(self, height: int, width: int) -> tuple[int, int]:
        """How many patches there are, down and across: 256×256 → 30×30 with 3 layers."""
        lost = self.kernel - 1 - 2 * self.padding
        below, right = self._shape(height, width)
        return below - lost, right - lost

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        x = images
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = leaky_relu(norm(conv(x)), 0.2)
        agreement = self.agreement(x.mean((2, 3)), condition)
        return Judgement(self.last(self.attached(x)).flatten(1) + agreement[:, None])

    def _shape(self, height: int, width: int) -> tuple[int, int]:
        """Of the last features."""
        for stride in self.strides:
            height, width = ((side + 2 * self.padding - self.kernel) // stride + 1 for side in (height, width))
        return height, width
