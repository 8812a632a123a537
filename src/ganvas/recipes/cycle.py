"""GANs that learn to translate between two sets without a pair, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import Field, SerializeAsAny
from torch import nn

from ganvas.games import cycle
from ganvas.games.cycle import CycleTurn, PooledTurn
from ganvas.games.player import Player
from ganvas.games.pool import Pool
from ganvas.games.shared import Shared, Sharing
from ganvas.games.term import Term, adversarial, penalty, reading
from ganvas.models.networks import DiscriminatorConfig
from ganvas.recipes.translation import TranslationRecipe, Weights, in_order
from ganvas.space import Source, Space


class CycleWeights(Weights):
    """Of the four terms; a weight of 0 leaves a term, and what it costs, out."""

    cycle: float = Field(default=10.0, ge=0.0)
    """λ of the way there and back."""
    identity: float = Field(default=0.5, ge=0.0)
    """Times ``cycle``, of leaving alone what is already there."""
    content: float = Field(default=0.0, ge=0.0)
    """Of staying like the picture that is translated."""


class CycleRecipe(TranslationRecipe):
    """Two generators, each other's inverse, against two discriminators."""

    kind: Literal["cycle"] = "cycle"
    discriminator: SerializeAsAny[DiscriminatorConfig]
    weights: CycleWeights = CycleWeights()
    pool: int = Field(default=50, ge=0)
    """Fakes of earlier rounds that the discriminators are shown again; 0 shows the newest only."""

    keeps: ClassVar[tuple[str, ...]] = ("generator", "inverse")

    @property
    def back(self) -> Space:
        """The space of the sources, with this one's pictures as what they are translated from."""
        (channels, height, width), source = self.space.shape, self.source
        pictures = Source(channels=channels, height=height, width=width, paired=source.paired)
        return Space(channels=source.channels, height=source.height, width=source.width, source=pictures)

    def unsound(self) -> str | None:
        if (reason := super().unsound()) is not None:
            return reason
        alike = self.space.shape == self.source.shape
        if (self.weights.identity or self.weights.content) and not alike:
            return (
                f"a translation of {self.source.shape} (channels, height, width) cannot be compared with a picture of "
                f"{self.space.shape}: --set weights.identity=0 --set weights.content=0"
            )
        return None

    def makers(self) -> dict[str, Callable[[], nn.Module]]:
        back = self.back
        assert back.source is not None
        inverse_source = back.source
        return {
            "generator": lambda: self.generator.network(self.source, self.space),
            "inverse": lambda: self.generator.network(inverse_source, back),
            "discriminator": lambda: self.judge(self.discriminator, self.space),
            "inverse_discriminator": lambda: self.judge(self.discriminator, back),
            "pool": lambda: Pool(self.pool, self.space.shape),
            "inverse_pool": lambda: Pool(self.pool, back.shape),
        }

    def players(self) -> tuple[Player, ...]:
        shared = Shared()
        generators = Player(
            "generators",
            moves=("generator", "inverse"),
            turn=Sharing(CycleTurn, shared),
            terms=(adversarial(self.loss, "generator", self.weights.generator), *self._contents()),
            optimizer="generator",
        )
        discriminators = Player(
            "discriminators",
            moves=("discriminator", "inverse_discriminator", "pool", "inverse_pool"),
            turn=Sharing(PooledTurn, shared),
            terms=(
                adversarial(self.loss, "discriminator", self.weights.discriminator),
                *(penalty(p) for p in self.penalties.values()),
                reading("real_logits"),
                reading("fake_logits"),
            ),
            optimizer="discriminator",
        )
        return in_order(self, [generators], [discriminators])

    def _contents(self) -> list[Term]:
        weights = self.weights
        terms = [
            cycle.cycle(weights.cycle),
            cycle.identity(weights.identity * weights.cycle),
            cycle.likeness(weights.content),
        ]
        return [term for term in terms if term.weight]
