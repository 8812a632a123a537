"""GANs for points in the plane: dense networks that fit twenty-five narrow modes within a minute on a CPU."""

from __future__ import annotations

from ganvas.games.optimizers import Adam
from ganvas.latent.priors import Normal
from ganvas.losses.adversarial import Relativistic
from ganvas.losses.penalties import R1, R2
from ganvas.models.mlp import MLPDiscriminator, MLPGenerator
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.recipe import Average
from ganvas.schedule import Schedule
from ganvas.space import Space


def points(space: Space) -> NoiseRecipe:
    """R3GAN's game on dense layers; waves let D see a mode that is a hundredth as wide as the plane."""
    gamma = Schedule(start=0.1, end=2e-4, shape="geometric")
    return NoiseRecipe(
        name="points",
        paper="this package, after Huang et al. 2024, arXiv 2501.05441",
        space=space,
        prior=Normal(dimension=2),
        generator=MLPGenerator(widths=(128, 128, 128), output="linear"),
        discriminator=MLPDiscriminator(widths=(64, 64), octaves=7),
        loss=Relativistic(),
        penalties={"r1": R1(gamma=gamma, every=8), "r2": R2(gamma=gamma, every=8)},
        optimizers={
            "generator": Adam(lr=Schedule(start=2e-3, end=1e-6), beta1=0.0, beta2=0.9),
            "discriminator": Adam(lr=Schedule(start=5e-3, end=3e-4), beta1=0.0, beta2=0.9),
        },
        average=Average(half_life=50_000, ramp=0.05),
        batch=256,
        images=2_000_000,
    )
