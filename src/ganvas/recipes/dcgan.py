"""Radford, Metz & Chintala 2016: the lecture's default to the number."""

from __future__ import annotations

from ganvas.games.optimizers import Adam
from ganvas.latent.priors import Uniform
from ganvas.losses.adversarial import NonSaturating
from ganvas.models.dcgan import DCGANDiscriminator, DCGANGenerator
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.recipe import Average
from ganvas.space import Space


def dcgan(space: Space) -> NoiseRecipe:
    """100 uniform numbers → 4×4×1024 → … → 64×64×3, mirrored discriminator, batch normalisation in both."""
    adam = Adam(lr=2e-4, beta1=0.5, beta2=0.999)
    return NoiseRecipe(
        name="dcgan",
        paper="Radford, Metz & Chintala 2016, arXiv 1511.06434",
        space=space,
        prior=Uniform(dimension=100),
        generator=DCGANGenerator(),
        discriminator=DCGANDiscriminator(),
        loss=NonSaturating(),
        optimizers={"generator": adam, "discriminator": adam},
        average=Average(half_life=10_000),
        batch=128,
        images=1_500_000,
    )
