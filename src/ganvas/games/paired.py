"""The game of pairs: a generator turns a picture's source into the picture."""

from __future__ import annotations

import torch
from torch import Tensor

from ganvas.games.batch import Batch
from ganvas.games.duel import Duel
from ganvas.games.remember import remember
from ganvas.games.shared import Shared
from ganvas.games.term import Term
from ganvas.games.turn import Networks
from ganvas.losses.content import Content


class PairedTurn:
    """Every picture has its source, and whoever judges the picture is shown the source beside it (Isola et al. 2017);
    chance is in the generator's dropout alone. Without a discriminator there is no duel."""

    def __init__(self, networks: Networks, batch: Batch, needs: frozenset[str], shared: Shared) -> None:
        batch.key.reseed()
        self.networks, self.batch, self.shared = networks, batch, shared
        mix = torch.rand(len(batch), 1, 1, 1, device=batch.images.device)
        judges = [networks["discriminator"]] if "discriminator" in networks else []
        self.duels = tuple(Duel(judge, batch.images, lambda: self.fake, batch.source, needs, mix) for judge in judges)

    @remember
    def fake(self) -> Tensor:
        """(N, C, H, W) in [−1, 1], freshly translated."""
        fake: Tensor = self.networks["generator"](self.batch.source)
        return self.shared.put(self.batch.key, "generator", fake)


class JudgingTurn(PairedTurn):
    """The fakes that the generator has learnt from in this round, or, where it has not yet moved, fresh ones."""

    @remember
    def fake(self) -> Tensor:
        """(N, C, H, W) in [−1, 1]."""
        kept = self.shared.get(self.batch.key, "generator")
        if kept is not None:
            return kept
        fake: Tensor = self.networks["generator"](self.batch.source)
        return fake


def content(loss: Content) -> Term:
    """How far the prediction is from the picture that belongs to the source."""
    return Term(loss.kind, frozenset(), lambda turn: loss(turn.fake, turn.batch.images), weight=loss.weight)
