"""Zhu et al. 2017: unpaired image-to-image translation with cycle-consistent adversarial networks."""

from __future__ import annotations

from ganvas.games.optimizers import Adam
from ganvas.losses.adversarial import LeastSquares
from ganvas.models.patchgan import PatchGANDiscriminator
from ganvas.models.resnet_translator import ResNetTranslator
from ganvas.recipes.cycle import CycleRecipe, CycleWeights
from ganvas.recipes.pix2pix import LINEAR
from ganvas.recipes.recipe import Average
from ganvas.recipes.wants import wants
from ganvas.space import Space

SMALL = 128
"""Up to this side the authors take six blocks instead of nine."""


@wants(direction="AtoB", size=286, crop=256)
def cyclegan(space: Space) -> CycleRecipe:
    """Two ResNets there and back, least squares, λ = 10, identity ½ λ, a history of 50 fakes, lr falling linearly."""
    blocks = 6 if max(space.height, space.width) <= SMALL else 9
    return CycleRecipe(
        name="cyclegan",
        paper="Zhu, Park, Isola & Efros 2017, arXiv 1703.10593",
        space=space,
        generator=ResNetTranslator(blocks=blocks),
        discriminator=PatchGANDiscriminator(norm="instance"),
        loss=LeastSquares(),
        # our least squares have a ½ on either side; the authors' have it on the discriminator's alone
        weights=CycleWeights(generator=2.0),
        optimizers={name: Adam(lr=LINEAR, beta1=0.5, beta2=0.999) for name in ("generator", "discriminator")},
        average=Average(half_life=0.0),
        batch=1,
        images=200_000,
    )


@wants(direction="AtoB", size=286, crop=256)
def cyclegan_lecture(space: Space) -> CycleRecipe:
    """The three losses of the lecture: adversarial, cycle, and content ℓ1 to the picture that is translated."""
    return cyclegan(space).but(
        name="cyclegan-lecture", weights=CycleWeights(generator=2.0, cycle=10.0, identity=0.0, content=1.0)
    )
