"""What a player sees when it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ganvas.games.batch import Batch
from ganvas.games.duel import Duel

Networks = Mapping[str, Any]
"""Modules by role; what abilities they have is between them and the turn."""


class Turn(Protocol):
    """The batch, and the duels fought over it. A family of GANs (noise, paired, cycle …) is one class of turns.

    A turn draws its randomness when it is made and runs networks when first asked: so the order in which terms ask
    never changes what they see.
    """

    batch: Batch

    @property
    def duels(self) -> tuple[Duel, ...]:
        """One for each discriminator that judges here."""


class Sees(Protocol):
    """How a player's turn is made: a `Turn` class, or anything that is called like one."""

    def __call__(self, networks: Networks, batch: Batch, needs: frozenset[str]) -> Turn: ...
