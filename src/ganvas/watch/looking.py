"""How a game is looked at: the same latents and the same real pictures every time, nothing moved, nothing drawn anew.

The generator that plays is looked at, and as it plays (batch statistics and all, put back afterwards), not its average:
the average smooths oscillation away, shows a collapse late, and is not what the discriminator answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganvas.data.held_out import Pictures
from ganvas.games.batch import Batch, Key
from ganvas.games.game import Game
from ganvas.games.player import Player
from ganvas.games.term import Term, reading
from ganvas.games.turn import Turn
from ganvas.watch.evidence import Duelling, Gap, Look
from ganvas.watch.features import effective_number, embed, spread
from ganvas.watch.reference import Reference, as_seen, features_of

FAKES, JUDGED = 512, 128
"""Generated pictures, and pictures of each sort before the discriminator, at one look; one batch, if that is more."""
LEAST_OF_A_CLASS = 8

LOGITS = frozenset({"real_logits", "fake_logits"})
Spectate = Callable[["Album", Sequence[Term]], Mapping[str, Tensor]]
"""What these terms are in the judge's turns with the album's pictures, (N, …) each; nobody moves."""


def judge_of(game: Game) -> Player | None:
    """The player that sets reals against fakes; None where nobody does."""
    return next((p for p in game.players if any(term.needs >= LOGITS for term in p.terms)), None)


@dataclass(eq=False)
class Album:
    """A stream that shows the same pictures again at every look: ``count`` of them from the start, ``size`` a round."""

    pictures: Pictures
    count: int
    size: int
    seed: int
    device: torch.device

    @property
    def rounds(self) -> int:
        """Rounds until every picture was shown."""
        return -(-self.count // self.size)

    @property
    def places(self) -> np.ndarray:
        """Where in the set the pictures stand: spread evenly."""
        return np.arange(self.count) * len(self.pictures.images) // self.count

    def at(self, round: int, turn: int) -> Batch:
        """The pictures of this round, from the first again after the last."""
        places = self.places[(round % self.rounds * self.size + np.arange(self.size)) % self.count]
        images, labels = as_seen(self.pictures.images[places]), self.pictures.labels
        condition = None if labels is None else torch.from_numpy(labels[places]).to(self.device)
        key = Key(self.seed, -1 - round % self.rounds, turn, 0)
        return Batch(images.to(self.device), condition, key)


class Eyes:
    """Looks at a game.

    Args:
        game: as it plays.
        reference: what its data look like.
        training, held_out: real pictures that training shows, and that it does not (may be empty).
        size: pictures that one turn of the judge can be shown at once.
        classes: how many can be asked for; 0 without.
        spectate: see `Spectate`.
    """

    def __init__(
        self,
        game: Game,
        reference: Reference,
        training: Pictures,
        held_out: Pictures,
        size: int,
        classes: int,
        seed: int,
        device: torch.device,
        spectate: Spectate,
    ) -> None:
        self.reference, self.spectate, self.classes, self.device = reference, spectate, classes, device
        many, few = max(FAKES, size), max(JUDGED, size)
        self.shown = Album(training, many // size * size, size, seed, device)
        self.seen = Album(training, few // size * size, size, seed, device)
        self.unseen = Album(held_out, min(len(held_out.images), self.seen.count), size, seed, device)
        real = features_of(training, self.shown.places)
        labels = training.labels
        asked = torch.from_numpy(np.asarray(labels)[self.shown.places]) if classes and labels is not None else None
        self.real_spread = float(spread(real))
        self.real_within = float(spread(real, asked, LEAST_OF_A_CLASS))
        self.real_class_spreads = _by_class(real, asked, classes)
        self.real_number = effective_number(real, self.real_spread)
        judge = judge_of(game)
        self.against = [
            term
            for player in game.players
            if judge is not None and player.name != judge.name
            for term in player.terms
            if term.needs and term.needs <= LOGITS and not term.is_reading
        ]

    def look(self, images: int) -> Look | None:
        """What is to be seen now; None where something is not finite, which is not the watch's business."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            shown = self.spectate(self.shown, [FAKE_FEATURES, ASKED])
            seen = self.spectate(self.seen, [reading("real_logits"), reading("fake_logits"), self._pull()])
            unseen = self.spectate(self.unseen, [reading("real_logits")])["real_logits"] if self.unseen.count else None
        fakes = shown["fakes"]
        everything = [fakes, *seen.values(), *([] if unseen is None else [unseen])]
        if not all(bool(torch.isfinite(values).all()) for values in everything):
            return None
        duelling = _duelling(seen, unseen, self.unseen.count)
        return self._seen(images, fakes, shown["asked"].long() if self.classes else None, duelling)

    def _seen(self, images: int, fakes: Tensor, asked: Tensor | None, duelling: Duelling) -> Look:
        groups, distances = self.reference.group_of(fakes)
        number, real_number = effective_number(fakes, self.real_spread), max(self.real_number, 1.0 + 1e-6)
        spreads = _by_class(fakes, asked, self.classes)
        return Look(
            images=images,
            spread_ratio=float(spread(fakes, asked, LEAST_OF_A_CLASS)) / max(self.real_within, 1e-12),
            class_spread_ratios=tuple(
                1.0 if real == 0 else fake / real for fake, real in zip(spreads, self.real_class_spreads, strict=True)
            ),
            vendi_ratio=(number - 1.0) / (real_number - 1.0),
            likeness=float((distances <= self.reference.reach).float().mean()),
            shares=self.reference.shares_of(groups),
            centre=tuple((fakes.mean(0) / max(self.real_spread, 1e-12)).tolist()),
            duelling=duelling,
            count=len(fakes),
        )

    def _pull(self) -> Term:
        """|∂(G's loss)/∂fake| times the real pictures' spread, (N,)."""

        def measure(turn: Turn) -> Tensor:
            duel = turn.duels[0]
            fake, real = duel.pictures["fake"], duel.pictures["real"].detach()
            loss = torch.stack([term.weight_due.to(fake.device) * term(turn).sum() for term in self.against]).sum()
            slope: Tensor = torch.autograd.grad(loss, fake, retain_graph=True)[0]
            norms: Tensor = torch.linalg.vector_norm(slope.flatten(1), dim=1)
            return norms * spread(real.flatten(1))

        return Term("pull", LOGITS | {"fake_gradient"}, measure, weight=0.0)


FAKE_FEATURES = Term("fakes", frozenset({"fake_logits"}), lambda t: embed(t.duels[0].pictures["fake"]), weight=0.0)
ASKED = Term(
    "asked",
    frozenset(),
    lambda t: t.batch.condition if t.batch.condition is not None else torch.zeros(len(t.batch.images)),
    weight=0.0,
)


def _by_class(features: Tensor, asked: Tensor | None, classes: int) -> list[float]:
    """The spread within each class; 0 where too few pictures are of it."""
    if asked is None:
        return []
    of_class = [features[asked == k] for k in range(classes)]
    return [float(spread(some)) if len(some) >= LEAST_OF_A_CLASS else 0.0 for some in of_class]


def _duelling(seen: Mapping[str, Tensor], unseen: Tensor | None, count: int) -> Duelling:
    real, fake = seen["real_logits"].double(), seen["fake_logits"].double()
    pull = float(seen["pull"].mean()) / max(float(real.mean() - fake.mean()), 1e-12)
    gap = gap_between(real, fake, unseen, count)
    return Duelling(gap.told_apart, gap.overfitting, gap.significance, min(pull, 1e3))


def gap_between(real: Tensor, fake: Tensor, unseen: Tensor | None, count: int) -> Gap:
    """From logits (N,) of training, generated and held-out pictures; of the last ``count`` are different ones."""
    gap = float(real.mean() - fake.mean())
    above = (real[:, None] > fake).double().mean() + 0.5 * (real[:, None] == fake).double().mean()
    overfitting = significance = None
    if unseen is not None and len(unseen) > 1:
        drop = float(real.mean() - unseen.double().mean())
        # pictures shown twice are one picture
        error = float(real.var() / len(real) + unseen.double().var() / min(len(unseen), count)) ** 0.5
        overfitting, significance = drop / max(gap, 1e-12), drop / max(error, 1e-12)
        overfitting = max(-9.0, min(overfitting, 9.0))  # without a gap the ratio means nothing
    return Gap(float(above), overfitting, significance)
