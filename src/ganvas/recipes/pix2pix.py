"""Isola et al. 2017: image-to-image translation with conditional adversarial networks, to the published numbers."""

from __future__ import annotations

from ganvas.games.optimizers import Adam
from ganvas.losses.adversarial import NonSaturating
from ganvas.losses.content import L1
from ganvas.models.patchgan import PatchGANDiscriminator
from ganvas.models.unet import UNetTranslator
from ganvas.recipes.paired import PairedRecipe, PairedWeights
from ganvas.recipes.recipe import Average
from ganvas.recipes.wants import wants
from ganvas.schedule import Schedule
from ganvas.space import Space

PAPER = "Isola, Zhu, Zhou & Efros 2017, arXiv 1611.07004"
LINEAR = Schedule(start=2e-4, end=0.0, shape="linear", hold=0.5)
"""Constant for the first half of the run, then straight to 0, as the authors' PyTorch code has it."""


@wants(direction="AtoB", size=286, crop=256)
def pix2pix(space: Space) -> PairedRecipe:
    """A U-Net with dropout as its noise, held to the truth by 100 · ℓ1, against a discriminator of 70×70 patches that
    sees the source too."""
    return PairedRecipe(
        name="pix2pix",
        paper=PAPER,
        space=space,
        generator=UNetTranslator(),
        discriminator=PatchGANDiscriminator(),
        loss=NonSaturating(),
        weights=PairedWeights(discriminator=0.5),
        content={"l1": L1(weight=100.0)},
        optimizers={name: Adam(lr=LINEAR, beta1=0.5, beta2=0.999) for name in ("generator", "discriminator")},
        average=Average(half_life=0.0),
        batch=1,
        images=80_000,
        test_mode="train",
    )


@wants(direction="AtoB", size=286, crop=256)
def pix2pix_l1(space: Space) -> PairedRecipe:
    """The baseline of the paper: the same generator, held to the truth alone; it blurs what it cannot know."""
    alone = pix2pix(space).but(name="pix2pix-l1", discriminator=None)
    return alone.but(optimizers={"generator": alone.optimizers["generator"]})
