"""Gulrajani et al. 2017: the slope of the critic is held near 1 by a penalty instead of clipping."""

from __future__ import annotations

from ganvas.games.optimizers import Adam
from ganvas.latent.priors import Normal
from ganvas.losses.adversarial import Wasserstein
from ganvas.losses.penalties import GradientPenalty
from ganvas.models.dcgan import DCGANDiscriminator, DCGANGenerator
from ganvas.recipes.noise import NoiseRecipe, Updates
from ganvas.recipes.recipe import Average
from ganvas.space import Space


def wgan_gp(space: Space) -> NoiseRecipe:
    """Algorithm 1: λ = 10, five critic steps a round, Adam (0, .9) at 1e-4, no batch normalisation in the critic."""
    adam = Adam(lr=1e-4, beta1=0.0, beta2=0.9)
    return NoiseRecipe(
        name="wgan-gp",
        paper="Gulrajani et al. 2017, arXiv 1704.00028",
        space=space,
        prior=Normal(dimension=128),
        generator=DCGANGenerator(),
        discriminator=DCGANDiscriminator(norm="none"),
        loss=Wasserstein(),
        penalties={"gradient-penalty": GradientPenalty(gamma=10.0)},
        optimizers={"generator": adam, "discriminator": adam},
        updates=Updates(discriminator=5),
        average=Average(half_life=10_000),
        batch=64,
        images=2_000_000,
    )
