"""Two strided convolutions each way, no normalisation: what two CPU cores can train in minutes.

On a CPU the cost sits in the layers at full and half size, so these stay thin; the width lies at a quarter of the
size, and in the one dense layer before the discriminator's verdict.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from ganvas.latent.priors import Prior
from ganvas.models import networks
from ganvas.nn.conditioning import Joined, Projected
from ganvas.nn.judgement import Judgement
from ganvas.nn.sizes import crop
from ganvas.space import Space


class SprintGenerator(networks.GeneratorConfig):
    """z → linear → quarter size × 4·width → half size × width → picture."""

    kind: Literal["sprint"] = "sprint"
    width: int = Field(default=32, ge=1)

    def network(self, space: Space, prior: Prior) -> networks.Generator:
        return Generator(self, space, prior)


class Generator(networks.Generator):
    """(N, dimension) → (N, C, H, W)."""

    def __init__(self, config: SprintGenerator, space: Space, prior: Prior) -> None:
        super().__init__()
        self.space = space
        self.latent = Joined(prior.dimension, space.condition, prior.dimension)
        self.quarter = (4 * config.width, -(-space.height // 4), -(-space.width // 4))
        self.project = nn.Linear(self.latent.width, self.quarter[0] * self.quarter[1] * self.quarter[2])
        self.to_half = nn.ConvTranspose2d(4 * config.width, config.width, 4, stride=2, padding=1)
        self.to_full = nn.ConvTranspose2d(config.width, space.channels, 4, stride=2, padding=1)

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        x = leaky_relu(self.project(self.latent(z, condition)), 0.2).view(-1, *self.quarter)
        images: Tensor = self.to_full(leaky_relu(self.to_half(x), 0.2))
        return crop(images, self.space).tanh()


class SprintDiscriminator(networks.DiscriminatorConfig):
    """Picture → half size × width → quarter size × 2·width → dense 8·width → logit."""

    kind: Literal["sprint"] = "sprint"
    width: int = Field(default=32, ge=1)

    def network(self, space: Space) -> networks.Discriminator:
        return Discriminator(self, space)


class Discriminator(networks.Discriminator):
    """(N, C, H, W) → logits (N,)."""

    def __init__(self, config: SprintDiscriminator, space: Space) -> None:
        super().__init__()
        self.to_half = nn.Conv2d(space.channels, config.width, 4, stride=2, padding=1)
        self.to_quarter = nn.Conv2d(config.width, 2 * config.width, 4, stride=2, padding=1)
        places = (space.height // 2 // 2) * (space.width // 2 // 2)
        self.dense = nn.Linear(2 * config.width * places, 8 * config.width)
        self.judge = Projected(8 * config.width, space.condition, config.minibatch)

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        x = leaky_relu(self.to_half(images), 0.2)
        x = leaky_relu(self.to_quarter(x), 0.2)
        return Judgement(self.judge(leaky_relu(self.dense(x.flatten(1)), 0.2), condition))
