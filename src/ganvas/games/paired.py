"""The game of pairs: a generator turns a picture's source into the picture."""

from __future__ import annotations

import torch
from torch import Tensor

from ganvas.games.batch import Batch
from ganvas.games.duel import Duel
from ganvas.games.remember import remember
from ganvas.games.shared import Shared
from ganvas.games.term import Term, over_duels
from ganvas.games.turn import Networks
from ganvas.losses.adversarial import AdversarialLoss
from ganvas.losses.content import Content
from ganvas.nn.precision import at_least_float32
from ganvas.schedule import Schedule


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

    @remember
    def mismatched(self) -> Tensor:
        """The logits of every true picture beside its neighbour's source, (N,) or (N, P). Neighbours lend each other
        theirs two by two, so that it does not matter in how many parts a batch is played."""
        source = self.batch.source
        assert source is not None
        lent = source.reshape(-1, 2, *source.shape[1:]).flip(1).flatten(0, 1)
        return at_least_float32(self.networks["discriminator"](self.batch.images, lent).logits)


def mismatched(loss: AdversarialLoss, weight: float | Schedule) -> Term:
    """A true picture beside a foreign source is to be told from one beside its own, as a fake is (Reed et al. 2016,
    algorithm 1, which this is twice, for true pairs count in both terms, if it weighs as much as the adversarial one).
    Without it a discriminator that sees the source may take mere likeness to it for the mark of a fake."""
    return Term(
        "mismatched",
        frozenset({"real_logits"}),
        lambda turn: over_duels(turn, lambda duel: loss.discriminator(duel.real_logits, turn.mismatched)),
        weight,
    )


def content(loss: Content) -> Term:
    """How far the prediction is from the picture that belongs to the source."""
    return Term(loss.kind, frozenset(), lambda turn: loss(turn.fake, turn.batch.images), weight=loss.weight)
