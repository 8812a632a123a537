"""Who moves."""

from __future__ import annotations

from dataclasses import dataclass

from ganvas.games.batch import Batch
from ganvas.games.term import Term
from ganvas.games.turn import Networks, Sees, Turn
from ganvas.losses.bounds import Bound


@dataclass(frozen=True)
class Player:
    """Moves the weights of the networks it names, and of no other.

    It has ``updates`` turns in every ``every``-th round, steps the game's optimizer called ``optimizer`` (players may
    share one), minimises its ``terms`` and then keeps its weights inside ``bounds``.
    """

    name: str
    moves: tuple[str, ...]
    turn: Sees
    terms: tuple[Term, ...]
    optimizer: str
    updates: int = 1
    every: int = 1
    bounds: tuple[Bound, ...] = ()

    def terms_due(self, round: int) -> list[Term]:
        """The terms that count in this round, readings among them."""
        return [term for term in self.terms if round % term.every == 0]

    def sees(self, networks: Networks, batch: Batch) -> Turn:
        """This player's view of a batch, prepared for what its due terms need."""
        needs = frozenset[str]().union(*(term.needs for term in self.terms_due(batch.key.round)))
        return self.turn(networks, batch, needs)
