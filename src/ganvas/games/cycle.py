"""The game without pairs: two generators, each other's inverse, and a discriminator for either set (Zhu et al. 2017).

``generator`` turns a source into a picture, ``inverse`` a picture into a source; ``discriminator`` judges pictures and
``inverse_discriminator`` sources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ganvas.games.batch import Batch
from ganvas.games.duel import Duel
from ganvas.games.pool import Swaps
from ganvas.games.remember import remember
from ganvas.games.shared import Shared
from ganvas.games.term import Term
from ganvas.games.turn import Networks

Compared = Callable[[Any], tuple[Tensor, Tensor]]
"""Of a turn: two sets of pictures (N, …) that should be alike."""


class CycleTurn:
    """Pictures and sources that know nothing of each other: ``batch.source`` is a set of its own."""

    def __init__(self, networks: Networks, batch: Batch, needs: frozenset[str], shared: Shared) -> None:
        assert batch.source is not None
        batch.key.reseed()
        self.networks, self.batch, self.shared, self.source = networks, batch, shared, batch.source
        mixes = torch.rand(2, len(batch), 1, 1, 1, device=batch.images.device)
        self.draw()
        self.duels = (
            Duel(networks["discriminator"], batch.images, lambda: self.shown, None, needs, mixes[0]),
            Duel(networks["inverse_discriminator"], self.source, lambda: self.shown_source, None, needs, mixes[1]),
        )

    def draw(self) -> None:
        """What else chance decides: nothing."""

    @remember
    def fake(self) -> Tensor:
        """The source, translated: (N, C, H, W)."""
        return self.shared.put(self.batch.key, "generator", self.networks["generator"](self.source))

    @remember
    def fake_source(self) -> Tensor:
        """The pictures, translated back: (N, C', H, W)."""
        return self.shared.put(self.batch.key, "inverse", self.networks["inverse"](self.batch.images))

    @property
    def shown(self) -> Tensor:
        """What the discriminator is shown as fake."""
        return self.fake

    @property
    def shown_source(self) -> Tensor:
        """What the inverse discriminator is shown as fake."""
        return self.fake_source

    @remember
    def cycled_source(self) -> Tensor:
        """Source → picture → source."""
        there_and_back: Tensor = self.networks["inverse"](self.fake)
        return there_and_back

    @remember
    def cycled(self) -> Tensor:
        """Picture → source → picture."""
        there_and_back: Tensor = self.networks["generator"](self.fake_source)
        return there_and_back

    @remember
    def same(self) -> Tensor:
        """The pictures, translated as if they were sources."""
        same: Tensor = self.networks["generator"](self.batch.images)
        return same

    @remember
    def same_source(self) -> Tensor:
        """The sources, translated back as if they were pictures."""
        same: Tensor = self.networks["inverse"](self.source)
        return same


class PooledTurn(CycleTurn):
    """The discriminators' view: fakes that the generators learnt from in this round, some of them swapped for older."""

    def draw(self) -> None:
        pools = (self.networks["pool"], self.networks["inverse_pool"])
        self.swaps = [Swaps(len(self.batch), len(pool.kept)) for pool in pools]

    @remember
    def shown(self) -> Tensor:
        """(N, C, H, W)."""
        fresh = self.shared.get(self.batch.key, "generator")
        shown: Tensor = self.networks["pool"](self.fake if fresh is None else fresh, self.swaps[0])
        return shown

    @remember
    def shown_source(self) -> Tensor:
        """(N, C', H, W)."""
        fresh = self.shared.get(self.batch.key, "inverse")
        shown: Tensor = self.networks["inverse_pool"](self.fake_source if fresh is None else fresh, self.swaps[1])
        return shown


def _distance(a: Tensor, b: Tensor) -> Tensor:
    return (a - b).abs().flatten(1).mean(1)


def _both_ways(name: str, weight: float, there: Compared, back: Compared) -> Term:
    return Term(name, frozenset(), lambda turn: _distance(*there(turn)) + _distance(*back(turn)), weight)


def cycle(weight: float) -> Term:
    """Both ways there and back again, ℓ1: Zhu et al. 2017, equation 2."""
    return _both_ways("cycle", weight, lambda t: (t.cycled, t.batch.images), lambda t: (t.cycled_source, t.source))


def identity(weight: float) -> Term:
    """‖G(y) − y‖ and ‖F(x) − x‖, ℓ1: who gets what it should make leaves it alone (section 5.2 of the paper)."""
    return _both_ways("identity", weight, lambda t: (t.same, t.batch.images), lambda t: (t.same_source, t.source))


def likeness(weight: float) -> Term:
    """The lecture's content loss: ℓ1 between a translation and the picture it was made from, both ways."""
    return _both_ways("content", weight, lambda t: (t.fake, t.source), lambda t: (t.fake_source, t.batch.images))
