"""A GAN of one's own, complete: two small networks and a recipe. ``ganvas train my_gan.py --data …`` trains it."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from ganvas.games.optimizers import Adam
from ganvas.latent.priors import Normal, Prior
from ganvas.losses.adversarial import NonSaturating
from ganvas.losses.penalties import R1
from ganvas.models import networks
from ganvas.nn.judgement import Judgement
from ganvas.recipes.noise import NoiseRecipe
from ganvas.space import Space


class PlainGenerator(networks.GeneratorConfig):
    kind: Literal["plain"] = "plain"

    def network(self, space: Space, prior: Prior) -> networks.Generator:
        return Generator(space, prior)


class Generator(networks.Generator):
    def __init__(self, space: Space, prior: Prior) -> None:
        super().__init__()
        pixels = space.channels * space.height * space.width
        self.layers = nn.Sequential(nn.Linear(prior.dimension, 32), nn.ReLU(), nn.Linear(32, pixels), nn.Tanh())
        self.shape = space.shape

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        pictures: Tensor = self.layers(z).unflatten(1, self.shape)
        return pictures


class PlainDiscriminator(networks.DiscriminatorConfig):
    kind: Literal["plain"] = "plain"

    def network(self, space: Space) -> networks.Discriminator:
        return Discriminator(space)


class Discriminator(networks.Discriminator):
    def __init__(self, space: Space) -> None:
        super().__init__()
        pixels = space.channels * space.height * space.width
        self.layers = nn.Sequential(nn.Linear(pixels, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        return Judgement(self.layers(images.flatten(1)).squeeze(1))


def recipe(space: Space) -> NoiseRecipe:
    """Goodfellow's game between two networks of one hidden layer."""
    return NoiseRecipe(
        name="plain",
        paper="a GAN of one's own",
        space=space,
        prior=Normal(dimension=8),
        generator=PlainGenerator(),
        discriminator=PlainDiscriminator(),
        loss=NonSaturating(),
        penalties={"r1": R1()},
        optimizers={"generator": Adam(lr=1e-3), "discriminator": Adam(lr=1e-3)},
        batch=16,
        images=1000,
    )
