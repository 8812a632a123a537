"""What players minimise: named, weighted functions of a turn, one value per sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from ganvas.games.duel import Duel
from ganvas.games.turn import Turn
from ganvas.losses.adversarial import AdversarialLoss
from ganvas.losses.penalties import Penalty
from ganvas.schedule import Schedule, value_at


@dataclass(eq=False)
class Term:
    """``measure(turn) → (N,)``, of what it ``needs`` from the duels.

    Due every ``every``-th round, then ``every`` times as heavy. A term of weight 0 is a *reading*: reported, never
    differentiated.
    """

    name: str
    needs: frozenset[str]
    measure: Callable[[Any], Tensor]
    """Of the turns of the term's own family of games."""
    weight: float | Schedule = 1.0
    every: int = 1
    weight_due: Tensor = field(init=False, repr=False)
    """The weight now, 0-dim: a tensor, so that a captured or compiled step follows the schedule."""

    def __post_init__(self) -> None:
        self.weight_due = torch.zeros(())
        self.schedule(0.0)

    @property
    def is_reading(self) -> bool:
        return self.weight == 0

    def schedule(self, progress: float) -> None:
        """Write the weight for this share of the run."""
        self.weight_due.fill_(value_at(self.weight, progress) * self.every)

    def __call__(self, turn: Turn) -> Tensor:
        return self.measure(turn)


def over_duels(turn: Turn, value: Callable[[Duel], Tensor]) -> Tensor:
    """(N,): a value of every sample, summed over all who judge it."""
    return torch.stack([_of_sample(value(duel)) for duel in turn.duels]).sum(0)


def _of_sample(values: Tensor) -> Tensor:
    """(N,) as it is; of a logit a patch, (N, P), each sample's mean."""
    return values if values.ndim == 1 else values.flatten(1).mean(1)


def adversarial(
    loss: AdversarialLoss, side: Literal["discriminator", "generator"], weight: float | Schedule = 1.0
) -> Term:
    """One side of an adversarial loss."""
    both = frozenset({"real_logits", "fake_logits"})
    if side == "discriminator":
        return Term(
            "adversarial",
            both,
            lambda t: over_duels(t, lambda d: loss.discriminator(d.real_logits, d.fake_logits)),
            weight,
        )
    if loss.relative:
        return Term(
            "adversarial",
            both,
            lambda t: over_duels(t, lambda d: loss.generator(d.real_logits, d.fake_logits)),
            weight,
        )
    return Term(
        "adversarial",
        frozenset({"fake_logits"}),
        lambda t: over_duels(t, lambda d: loss.generator(None, d.fake_logits)),
        weight,
    )


def penalty(penalty: Penalty) -> Term:
    """A penalty on the discriminator's slope."""
    return Term(
        penalty.kind,
        frozenset({f"{penalty.at}_gradient"}),
        lambda t: over_duels(t, lambda d: penalty(d.gradient[penalty.at])),
        weight=penalty.gamma,
        every=penalty.every,
    )


def reading(need: Literal["real_logits", "fake_logits"]) -> Term:
    """The logits themselves, only reported."""
    return Term(need, frozenset({need}), lambda t: over_duels(t, lambda d: getattr(d, need)), weight=0.0)
