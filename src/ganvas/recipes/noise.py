"""GANs that turn noise into pictures: any sound loss × penalty × architecture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, SerializeAsAny
from torch import nn

from ganvas.augment import Augment, Augmented, DiffAugment
from ganvas.config import Config, by_kind
from ganvas.games.noise import NoiseTurn
from ganvas.games.player import Player
from ganvas.games.term import adversarial, penalty, reading
from ganvas.games.turn import Sees
from ganvas.games.unrolled import Unrolling
from ganvas.latent.priors import Prior
from ganvas.losses.adversarial import AdversarialLoss
from ganvas.losses.bounds import Bound
from ganvas.losses.penalties import Penalty
from ganvas.models.networks import DiscriminatorConfig, GeneratorConfig
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.soundness import unpackable, unsound

Penalties = Annotated[dict[str, SerializeAsAny[Penalty]], BeforeValidator(by_kind)]
Augments = Annotated[dict[str, SerializeAsAny[Augment]], BeforeValidator(by_kind)]
Bounds = Annotated[dict[str, SerializeAsAny[Bound]], BeforeValidator(by_kind)]


class Updates(Config):
    """Turns of each player in a round: the lecture's n_iter_discrim and n_iter_gen."""

    discriminator: int = Field(default=1, ge=1)
    generator: int = Field(default=1, ge=1)


class Unroll(Config):
    """Unrolled GANs (Metz et al. 2017): the generator answers the discriminator as it will be ``steps`` gradient steps
    of size ``lr`` later; 0 answers it as it is."""

    steps: int = Field(default=0, ge=0)
    lr: float = Field(default=0.01, gt=0.0)


class NoiseRecipe(Recipe):
    """One generator against one discriminator."""

    kind: Literal["noise"] = "noise"
    prior: SerializeAsAny[Prior]
    generator: SerializeAsAny[GeneratorConfig]
    discriminator: SerializeAsAny[DiscriminatorConfig]
    loss: SerializeAsAny[AdversarialLoss]
    penalties: Penalties = Field(default_factory=dict)
    bounds: Bounds = Field(default_factory=dict)
    augment: Augments = Field(default_factory=dict)
    updates: Updates = Updates()
    unroll: Unroll = Unroll()

    def for_few_pictures(self) -> Self:
        """DiffAugment, unless an augmentation is there already."""
        return self if self.augment else self.but(augment=[DiffAugment()])

    def unsound(self) -> str | None:
        return unsound(self.loss, self.penalties, self.bounds, self.discriminator) or unpackable(
            self.discriminator, self.space, self.batch // self.parts
        )

    def makers(self) -> dict[str, Callable[[], nn.Module]]:
        return {
            "generator": lambda: self.generator.build(self.space, self.prior),
            "discriminator": self._discriminator,
        }

    def _discriminator(self) -> nn.Module:
        discriminator = self.discriminator.build(self.space)
        return Augmented(discriminator, self.augment.values()) if self.augment else discriminator

    def players(self) -> tuple[Player, ...]:
        return (
            Player(
                "discriminator",
                moves=("discriminator",),
                turn=NoiseTurn,
                terms=(
                    adversarial(self.loss, "discriminator"),
                    *(penalty(p) for p in self.penalties.values()),
                    reading("real_logits"),
                    reading("fake_logits"),
                ),
                optimizer="discriminator",
                updates=self.updates.discriminator,
                bounds=tuple(self.bounds.values()),
            ),
            Player(
                "generator",
                moves=("generator",),
                turn=self._generator_turn(),
                terms=(adversarial(self.loss, "generator"),),
                optimizer="generator",
                updates=self.updates.generator,
            ),
        )

    def _generator_turn(self) -> Sees:
        if self.unroll.steps == 0:
            return NoiseTurn
        return Unrolling(self.loss.discriminator, self.unroll.steps, self.unroll.lr)
