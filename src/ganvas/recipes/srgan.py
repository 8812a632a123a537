"""Ledig et al. 2017: photo-realistic single image super-resolution, with its first stage as a recipe of its own."""

from __future__ import annotations

from ganvas.data.degradation import Bicubic
from ganvas.games.optimizers import Adam
from ganvas.losses.adversarial import NonSaturating
from ganvas.losses.content import MSE, Perceptual
from ganvas.models.srgan import SRGANDiscriminator, SRResNetTranslator
from ganvas.recipes.paired import PairedRecipe, PairedWeights
from ganvas.recipes.recipe import Average
from ganvas.recipes.wants import wants
from ganvas.schedule import Schedule
from ganvas.space import Space

PAPER = "Ledig et al. 2017, arXiv 1609.04802"


@wants(crop=96)
def srresnet(space: Space) -> PairedRecipe:
    """Sixteen residual blocks and two pixel shuffles, 4×, held to the truth by the mean squared error alone.

    Sources are made from the pictures by ``degradation``, unless the data bring their own: an lq folder beside gt.
    (``--unpaired``, or gt alone, leaves those aside.)"""
    return PairedRecipe(
        name="srresnet",
        paper=PAPER,
        space=space,
        generator=SRResNetTranslator(),
        loss=NonSaturating(),
        content={"mse": MSE()},
        degradation=None if space.source else Bicubic(scale=4),
        optimizers={"generator": Adam(lr=1e-4, beta1=0.9, beta2=0.999)},
        average=Average(half_life=0.0),
        batch=16,
        images=16_000_000,
    )


@wants(crop=96)
def srgan(space: Space) -> PairedRecipe:
    """SRResNet made to look real: what VGG19 sees as content, and 10⁻³ of a discriminator. Begin it from a trained
    srresnet: ``--from runs/…-srresnet``."""
    rate = Schedule(start=1e-4, end=1e-5, shape="step", share=0.5)
    return srresnet(space).but(
        name="srgan",
        discriminator=SRGANDiscriminator(),
        conditional=False,
        weights=PairedWeights(generator=1e-3),
        content={"perceptual": Perceptual()},
        optimizers={name: Adam(lr=rate, beta1=0.9, beta2=0.999) for name in ("generator", "discriminator")},
        images=3_200_000,
    )
