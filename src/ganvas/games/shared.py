"""Fakes that one turn of a round has made, for a later turn of the same round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ganvas.games.batch import Batch, Key
from ganvas.games.turn import Networks, Turn


class Shared:
    """Where players share, whoever judges looks at what the generator has just been judged by, instead of having it
    draw once more. A round's fakes are forgotten when the next is dealt; a turn that finds none makes its own."""

    def __init__(self) -> None:
        self._round, self._fakes = -1, dict[tuple[int, str], Tensor]()

    def put(self, key: Key, role: str, fakes: Tensor) -> Tensor:
        """Keep the fakes of a part of this round, by the network that made them; gives them back as they came."""
        if key.round != self._round:
            self._round, self._fakes = key.round, {}
        self._fakes[key.shard, role] = fakes.detach()
        return fakes

    def get(self, key: Key, role: str) -> Tensor | None:
        """What was kept of this part of this round, without a graph."""
        return self._fakes.get((key.shard, role)) if key.round == self._round else None


@dataclass(frozen=True)
class Sharing:
    """How turns of one kind are made: with what the players of a game share."""

    turn: Callable[[Networks, Batch, frozenset[str], Shared], Turn]
    shared: Shared

    def __call__(self, networks: Networks, batch: Batch, needs: frozenset[str]) -> Turn:
        return self.turn(networks, batch, needs, self.shared)
