"""What every pair of networks keeps to; an architecture is one file of configs and networks beside this one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, SerializeAsAny
from torch import Tensor, nn

from ganvas.config import Family, none
from ganvas.latent.priors import Prior
from ganvas.nn.judgement import Judgement
from ganvas.nn.minibatch import Statistic
from ganvas.nn.packing import Packed
from ganvas.nn.spectral import spectrally_normalised
from ganvas.space import Source, Space


class Generator(nn.Module):
    """Latents to pictures: ``forward(z (N, dimension), condition) → (N, C, H, W)`` in [−1, 1]."""

    prior: Prior

    def forward(self, z: Tensor, condition: Tensor | None = None) -> Tensor:
        raise NotImplementedError


class Discriminator(nn.Module):
    """Pictures to a `Judgement`: ``forward(images (N, C, H, W), condition)``."""

    mixes_samples: bool = False
    """Whether a picture's logit depends on the rest of its batch (batch normalisation does that): real and fake are
    then judged in two calls, and penalties per sample are not defined."""

    def forward(self, images: Tensor, condition: Tensor | None = None) -> Judgement:
        raise NotImplementedError


class Translator(nn.Module):
    """Pictures to pictures: ``forward(source (N, C, h, w)) → (N, C', scale·h, scale·w)``, all in [−1, 1]."""

    scale: int = 1
    """Pixels of a side for each pixel of the source's side."""
    multiple: int = 1
    """The source's sides must be multiples of this."""
    reach: int | None = None
    """How many source pixels away anything may lie that a pixel depends on, statistics of normalisation aside; None
    where that is the whole picture."""

    def forward(self, source: Tensor) -> Tensor:
        raise NotImplementedError


class TranslatorConfig(Family):
    """Describes a generator that begins from a picture."""

    def network(self, source: Source, target: Space) -> Translator:
        """The network between these pictures, before training."""
        raise NotImplementedError


class GeneratorConfig(Family):
    """Describes a generator."""

    def network(self, space: Space, prior: Prior) -> Generator:
        """The network for this space, before training."""
        raise NotImplementedError

    def build(self, space: Space, prior: Prior) -> Generator:
        """The generator, knowing where its latents come from."""
        generator = self.network(space, prior)
        generator.prior = prior
        return generator


class DiscriminatorConfig(Family):
    """Describes a discriminator; what stands here is there for any of them."""

    spectral_norm: bool = False
    minibatch: Annotated[SerializeAsAny[Statistic] | None, BeforeValidator(none)] = None
    """A statistic across the batch beside the last features: `discrimination` or `deviation`."""
    packing: int = Field(default=1, ge=1)
    """Pictures that are judged together (PacGAN)."""

    @property
    def batch_normalised(self) -> bool:
        """Whether batch normalisation makes every picture's gradient depend on all others."""
        return False

    @property
    def mixes_samples(self) -> bool:
        """See `Discriminator.mixes_samples`; `Packed` says so for itself."""
        return self.batch_normalised or self.minibatch is not None

    def network(self, space: Space) -> Discriminator:
        """The network for this space, before training; it hands ``minibatch`` to `Projected` or `Attached`."""
        raise NotImplementedError

    def build(self, space: Space) -> nn.Module:
        """The discriminator, with what was asked for on top of its architecture."""
        discriminator = self.network(space.but(channels=space.channels * self.packing))
        discriminator.mixes_samples = self.mixes_samples
        if self.spectral_norm:
            spectrally_normalised(discriminator)
        return discriminator if self.packing == 1 else Packed(discriminator, self.packing)
