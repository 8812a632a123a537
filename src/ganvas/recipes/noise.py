"""GANs that turn noise into pictures: any sound loss × penalty × architecture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SerializeAsAny
from torch import nn

from ganvas.augment.diffaugment import Augment, Augmented, DiffAugment
from ganvas.config import Config
from ganvas.games.game import Dial
from ganvas.games.noise import NoiseTurn
from ganvas.games.player import Player
from ganvas.games.term import adversarial, penalty, reading
from ganvas.latent.priors import Prior
from ganvas.losses.adversarial import AdversarialLoss
from ganvas.losses.bounds import Bound
from ganvas.losses.penalties import Penalty
from ganvas.models.networks import DiscriminatorConfig, GeneratorConfig
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.soundness import unsound


def _by_kind(value: Any) -> Any:
    """``"r1,r2"``, ``["r1"]`` or ``{"r1": {"gamma": 1}}`` → one object a kind."""
    if isinstance(value, str):
        value = [kind.strip() for kind in value.split(",") if kind.strip() not in ("", "none")]
    if isinstance(value, list | tuple):
        return {(item if isinstance(item, str) else item.kind): item for item in value}
    if isinstance(value, dict):
        return {kind: {"kind": kind, **item} if isinstance(item, dict) else item for kind, item in value.items()}
    return value


def _none(value: Any) -> Any:
    return None if value == "none" else value


Penalties = Annotated[dict[str, SerializeAsAny[Penalty]], BeforeValidator(_by_kind)]
Bounds = Annotated[dict[str, SerializeAsAny[Bound]], BeforeValidator(_by_kind)]


class Updates(Config):
    """Turns of each player in a round: the lecture's n_iter_discrim and n_iter_gen."""

    discriminator: int = Field(default=1, ge=1)
    generator: int = Field(default=1, ge=1)


class NoiseRecipe(Recipe):
    """One generator against one discriminator."""

    kind: Literal["noise"] = "noise"
    prior: SerializeAsAny[Prior]
    generator: SerializeAsAny[GeneratorConfig]
    discriminator: SerializeAsAny[DiscriminatorConfig]
    loss: SerializeAsAny[AdversarialLoss]
    penalties: Penalties = Field(default_factory=dict)
    bounds: Bounds = Field(default_factory=dict)
    augment: Annotated[SerializeAsAny[Augment] | None, BeforeValidator(_none)] = None
    updates: Updates = Updates()

    def for_few_pictures(self) -> Self:
        """DiffAugment, unless an augmentation is there already."""
        return self if self.augment is not None else self.but(augment=DiffAugment())

    def unsound(self) -> str | None:
        return unsound(self.loss, self.penalties, self.bounds, self.discriminator)

    def makers(self) -> dict[str, Callable[[], nn.Module]]:
        return {
            "generator": lambda: self.generator.build(self.space, self.prior),
            "discriminator": self._discriminator,
        }

    def _discriminator(self) -> nn.Module:
        discriminator = self.discriminator.build(self.space)
        return discriminator if self.augment is None else Augmented(discriminator, self.augment)

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
                turn=NoiseTurn,
                terms=(adversarial(self.loss, "generator"),),
                optimizer="generator",
                updates=self.updates.generator,
            ),
        )

    def dials(self, networks: dict[str, nn.Module]) -> tuple[Dial, ...]:
        if self.augment is None:
            return ()
        probability = networks["discriminator"].get_buffer("probability")
        return (Dial(self.augment.probability, probability.fill_),)
