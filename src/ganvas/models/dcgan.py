"""DCGAN: Radford, Metz & Chintala 2016, *Unsupervised representation learning with deep convolutional GANs*.

At 64×64×3 these are the lecture's shapes: 100 → 4×4×1024 → 8×8×512 → 16×16×256 → 32×32×128 → 64×64×3 and back to 1×1.
Other sizes double from a base of at least 4 (28 = 7·2·2); widths halve at each doubling and end at ``width``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganvas.latent.priors import Prior
from ganvas.models import networks
from ganvas.nn.conditioning import Agreement, Joined
from ganvas.nn.judgement import Judgement
from ganvas.nn.minibatch import Attached
from ganvas.nn.sizes import crop, doublings
from ganvas.space import Space


def channels(space: Space, width: int, most: int) -> list[int]:
    """Channels from the base up to the picture: 64×64×3 → [1024, 512, 256, 128, 3]."""
    times = doublings(space).times
    return [min(most, width * 2 ** (times - 1 - i)) for i in range(times)] + [space.channels]


def normalisation(kind: str, width: int) -> nn.Module:
    """Batch normalisation, or nothing."""
    return nn.BatchNorm2d(width) if kind == "batch" else nn.Identity()


def initialise(network: nn.Module) -> None:
    """N(0, .02) for all weights, N(1, .02) for the scales of batch normalisation (section 4 of the paper)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)


class DCGANGenerator(networks.GeneratorConfig):
    """Fractionally strided convolutions from a projected latent."""

    kind: Literal["dcgan"] = "dcgan"
    width: int = 128
    most: int = 1024
    norm: Literal["batch", "none"] = "batch"

    def network(self, space: Space, prior: Prior) -> networks.Generator:
        return Generator(self, space, prior)


class Generator(networks.Generator):
    """z (N, dimension) → linear ("project and reshape") → fractionally strided convolutions → tanh."""

    def __init__(self, config: DCGANGenerator, space: Space, prior: Prior) -> None:
        super().__init__()
        self.space = space
        widths = channels(space, config.width, config.most)
        self.latent = Joined(prior.dimension, space.condition, prior.dimension)
        self.base = (widths[0], *doublings(space).base)
        self.project = nn.Linear(self.latent.width, widths[0] * self.base[1] * self.base[2])
        self.norms = nn.ModuleList(normalisation(config.norm, width) for width in widths[:-1])
        self.ups = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        initialise(self)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        x = self.project(self.latent(z, condition)).unflatten(1, self.base)
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(norm(x).relu())
        return crop(x, self.space).tanh()


class DCGANDiscriminator(networks.DiscriminatorConfig):
    """Strided convolutions, mirrored; the last one covers the whole base."""

    kind: Literal["dcgan"] = "dcgan"
    width: int = 128
    most: int = 1024
    norm: Literal["batch", "none"] = "batch"

    @property
    def batch_normalised(self) -> bool:
        return self.norm == "batch"

    def network(self, space: Space) -> networks.Discriminator:
        return Discriminator(self, space)


class Discriminator(networks.Discriminator):
    """(N, C, H, W) → strided convolutions → one convolution to 1×1; the sigmoid is in the loss."""

    def __init__(self, config: DCGANDiscriminator, space: Space) -> None:
        super().__init__()
        widths = channels(space, config.width, config.most)[::-1]
        times = len(widths) - 1
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        # no normalisation on the first layer: it would hide the pictures' own brightness and contrast
        self.norms = nn.ModuleList(
            normalisation(config.norm if i > 0 else "none", width) for i, width in enumerate(widths[1:])
        )
        base = (max(1, space.height >> times), max(1, space.width >> times))
        self.attached = Attached(config.minibatch, widths[-1] * base[0] * base[1])
        self.last = nn.Conv2d(widths[-1] + self.attached.size, 1, base)
        self.agreement = Agreement(widths[-1], space.condition)
        initialise(self)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        x = images
        for norm, down in zip(self.norms, self.downs, strict=True):
            x = leaky_relu(norm(down(x)), 0.2)
        return Judgement(self.last(self.attached(x)).flatten() + self.agreement(x.sum((2, 3)), condition))
