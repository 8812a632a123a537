"""GANs that learn from pairs: each source has the picture that it should become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator
from torch import nn

from ganvas.config import by_kind, none
from ganvas.data.degradation import Degradation
from ganvas.games.batch import Place, Stream
from ganvas.games.paired import JudgingTurn, PairedTurn, content, mismatched
from ganvas.games.pairs import PairBatches
from ganvas.games.player import Player
from ganvas.games.shared import Shared, Sharing
from ganvas.games.term import adversarial, penalty, reading
from ganvas.losses.content import Content
from ganvas.nn.beside import Beside, Blind
from ganvas.recipes.translation import TranslationRecipe, Weights, in_order
from ganvas.schedule import Value
from ganvas.space import Source

Contents = Annotated[dict[str, SerializeAsAny[Content]], BeforeValidator(by_kind)]


class PairedWeights(Weights):
    """Of the discriminator's two tasks, and of deceiving it."""

    mismatched: Value = 0.0
    """Of telling true pictures beside a foreign source from those beside their own; 0 leaves it out."""


class PairedRecipe(TranslationRecipe):
    """One generator, held to the truth by content losses and, where there is a discriminator, made to look real."""

    kind: Literal["paired"] = "paired"
    content: Contents = Field(default_factory=dict)
    weights: PairedWeights = PairedWeights()
    conditional: bool = True
    """Whether the discriminator is shown the source beside the picture."""
    degradation: Annotated[SerializeAsAny[Degradation] | None, BeforeValidator(none)] = None
    """How sources are made from pictures, where the data hold none: a degradation is learnt to be undone."""

    @model_validator(mode="after")
    def _sources_follow_the_degradation(self) -> PairedRecipe:
        """What is made from pictures is as large as the degradation leaves it, whatever ``--set`` has changed."""
        if self.degradation is not None:
            space, scale = self.space, self.degradation.scale
            height, width = max(1, space.height // scale), max(1, space.width // scale)  # `unsound` says what is wrong
            made = Source(channels=space.channels, height=height, width=width)
            object.__setattr__(self, "space", space.but(source=made))  # frozen, but not yet handed out
        return self

    def unsound(self) -> str | None:
        if (reason := super().unsound()) is not None:
            return reason
        if not self.source.paired:
            return f"{self.name} learns from pairs, and these are two sets without; train cyclegan on them"
        if self.degradation is not None and any(side % self.degradation.scale for side in self.space.shape[1:]):
            sides = f"{self.space.height}x{self.space.width}"
            return f"windows of {sides} do not divide by degradation.scale={self.degradation.scale}; change --crop"
        if not self.content and self.discriminator is None:
            return f"{self.name} has neither content losses nor a discriminator: there is nothing to learn from"
        if self.weights.mismatched and (not self.conditional or self.batch // self.parts % 2):
            return "weights.mismatched lends pictures each other's source: it wants conditional=true and --set batch=2"
        return next((reason for loss in self.content.values() if (reason := loss.unusable(self.space))), None)

    def makers(self) -> dict[str, Callable[[], nn.Module]]:
        makers: dict[str, Callable[[], nn.Module]] = {
            "generator": lambda: self.generator.network(self.source, self.space)
        }
        if self.discriminator is not None:
            makers["discriminator"] = self._discriminator
        return makers

    def _discriminator(self) -> nn.Module:
        assert self.discriminator is not None
        if not self.conditional:
            return Blind(self.judge(self.discriminator, self.space))
        both = self.space.but(channels=self.space.channels + self.source.channels)
        return Beside(self.judge(self.discriminator, both))

    def players(self) -> tuple[Player, ...]:
        shared = Shared()
        contents = tuple(content(loss) for loss in self.content.values())
        if self.discriminator is None:
            return (self._translator(shared, contents),)
        deceives = adversarial(self.loss, "generator", self.weights.generator)
        return in_order(self, [self._translator(shared, (deceives, *contents))], [self._judge(shared)])

    def _translator(self, shared: Shared, terms: tuple[Any, ...]) -> Player:
        return Player("generator", ("generator",), Sharing(PairedTurn, shared), terms, optimizer="generator")

    def _judge(self, shared: Shared) -> Player:
        return Player(
            "discriminator",
            moves=("discriminator",),
            turn=Sharing(JudgingTurn, shared),
            terms=(
                adversarial(self.loss, "discriminator", self.weights.discriminator),
                *([mismatched(self.loss, self.weights.mismatched)] if self.weights.mismatched else ()),
                *(penalty(p) for p in self.penalties.values()),
                reading("real_logits"),
                reading("fake_logits"),
            ),
            optimizer="discriminator",
        )

    def stream(self, data: Any, turns: int, place: Place) -> Stream:
        mirror = self.data is not None and self.data.mirror
        return PairBatches(data, self.batch, self.seed, place, self.parts, mirror, self.degradation)
