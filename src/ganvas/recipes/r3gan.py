"""Huang et al. 2024: relativistic pairing, R1 and R2, and networks without any of the old tricks."""

from __future__ import annotations

from ganvas.games.optimizers import Adam
from ganvas.latent.priors import Normal
from ganvas.losses.adversarial import Relativistic
from ganvas.losses.penalties import R1, R2
from ganvas.models.r3gan import R3GANDiscriminator, R3GANGenerator
from ganvas.recipes.noise import NoiseRecipe
from ganvas.recipes.recipe import Average
from ganvas.schedule import Schedule
from ganvas.space import Space


def r3gan(space: Space) -> NoiseRecipe:
    """The paper's schedules; γ and width grow with the size.

    γ follows the published runs (2 at 64 px, 150 at 256 px: size to the power 3.1) but differs between data sets by far
    more: try ``--sweep gamma``. The paper's networks are 768 wide at every size (``generator.width=768`` and
    ``discriminator.width=768``) and see 512 images a round; 4 × size, at most 768, is what one machine trains in a day.
    """
    size = max(space.height, space.width)
    width = min(768, max(96, 4 * size // 32 * 32))
    gamma = 2.0 * (size / 64) ** 3.1
    adam = Adam(lr=Schedule(start=2e-4, end=5e-5), beta1=0.0, beta2=Schedule(start=0.9, end=0.99))
    annealed = Schedule(start=gamma, end=gamma / 10)
    return NoiseRecipe(
        name="r3gan",
        paper="Huang et al. 2024, arXiv 2501.05441",
        space=space,
        prior=Normal(dimension=64),
        generator=R3GANGenerator(width=width),
        discriminator=R3GANDiscriminator(width=width),
        loss=Relativistic(),
        penalties={"r1": R1(gamma=annealed), "r2": R2(gamma=annealed)},
        optimizers={"generator": adam, "discriminator": adam},
        average=Average(half_life=500_000),
        batch=256,
        images=10_000_000,
    )
