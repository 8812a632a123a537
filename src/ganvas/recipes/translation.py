"""What all translations have: a generator that begins from a picture, and what judges where it arrives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator
from torch import nn

from ganvas.augment import Augment, Augmented
from ganvas.config import Config, by_kind, none
from ganvas.errors import GanvasError
from ganvas.games.batch import Place, Stream
from ganvas.games.pairs import PairBatches
from ganvas.losses.adversarial import AdversarialLoss
from ganvas.losses.penalties import Penalty
from ganvas.models.networks import DiscriminatorConfig, TranslatorConfig
from ganvas.recipes.recipe import Recipe
from ganvas.recipes.soundness import unsound
from ganvas.schedule import Schedule, Value, value_at
from ganvas.space import Source, Space

Penalties = Annotated[dict[str, SerializeAsAny[Penalty]], BeforeValidator(by_kind)]
Augments = Annotated[dict[str, SerializeAsAny[Augment]], BeforeValidator(by_kind)]


class Weights(Config):
    """Of the two sides of the adversarial loss."""

    generator: Value = 1.0
    discriminator: Value = 1.0

    @field_validator("*")
    @classmethod
    def _not_negative(cls, weight: float | Schedule) -> float | Schedule:
        if min(value_at(weight, 0.0), value_at(weight, 1.0)) < 0:
            raise ValueError("a weight cannot be negative")
        return weight


class TranslationRecipe(Recipe):
    """A generator from source to picture. Its members say who else plays."""

    generator: SerializeAsAny[TranslatorConfig]
    discriminator: Annotated[SerializeAsAny[DiscriminatorConfig] | None, BeforeValidator(none)] = None
    loss: SerializeAsAny[AdversarialLoss]
    penalties: Penalties = Field(default_factory=dict)
    augment: Augments = Field(default_factory=dict)
    first: Literal["generator", "discriminator"] = "generator"
    """Who moves first in a round. A discriminator that moves second judges the very fakes that the generator has just
    learnt from; one that moves first has fakes made for itself, which costs the generator's forward pass once more."""
    test_mode: Literal["train", "eval"] = "eval"
    """How the generator is used once trained: `train` keeps dropout on and takes a picture's own statistics."""

    abilities: ClassVar[tuple[str, ...]] = ("translate",)

    @property
    def source(self) -> Source:
        """What the pictures are translated from."""
        if self.space.source is None:
            raise GanvasError(f"{self.name} translates pictures, but these data have no source to translate from")
        return self.space.source

    def unsound(self) -> str | None:
        if self.space.source is None:
            return (
                f"{self.name} translates one kind of picture into another, but these data are of one kind; "
                "`ganvas inspect DATA` says which layouts are known"
            )
        return unsound(self.loss, self.penalties, {}, self.discriminator) if self.discriminator else None

    def judge(self, config: DiscriminatorConfig, space: Space) -> nn.Module:
        """A discriminator of pictures of this space, behind the augmentations."""
        judge = config.build(space.but(source=None))
        return Augmented(judge, self.augment.values()) if self.augment else judge

    def stream(self, data: Any, turns: int, place: Place) -> Stream:
        mirror = self.data is not None and self.data.mirror
        return PairBatches(data, self.batch, self.seed, place, self.parts, mirror)


def in_order(recipe: TranslationRecipe, generator: Iterable[Any], discriminator: Iterable[Any]) -> tuple[Any, ...]:
    """The players, whoever moves first before the other."""
    return (*generator, *discriminator) if recipe.first == "generator" else (*discriminator, *generator)
