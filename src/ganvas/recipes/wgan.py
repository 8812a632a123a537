"""Arjovsky, Chintala & Bottou 2017: earth mover's distance through a critic with clipped weights."""

from __future__ import annotations

from ganvas.games.optimizers import RMSprop
from ganvas.latent.priors import Normal
from ganvas.losses.adversarial import Wasserstein
from ganvas.losses.bounds import Clip
from ganvas.models.dcgan import DCGANDiscriminator, DCGANGenerator
from ganvas.recipes.noise import NoiseRecipe, Updates
from ganvas.recipes.recipe import Average
from ganvas.space import Space


def wgan(space: Space) -> NoiseRecipe:
    """Algorithm 1: five critic steps a round, RMSprop at 5e-5, weights clipped to ±.01, DCGAN's networks."""
    return NoiseRecipe(
        name="wgan",
        paper="Arjovsky, Chintala & Bottou 2017, arXiv 1701.07875",
        space=space,
        prior=Normal(dimension=100),
        generator=DCGANGenerator(),
        discriminator=DCGANDiscriminator(),
        loss=Wasserstein(),
        bounds={"clip": Clip(limit=0.01)},
        optimizers={"generator": RMSprop(lr=5e-5), "discriminator": RMSprop(lr=5e-5)},
        updates=Updates(discriminator=5),
        average=Average(half_life=10_000),
        batch=64,
        images=2_000_000,
    )
