"""FactorVAE score: with one factor held fixed, which code varies least (Kim & Mnih 2018, section 4)?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.codes import check_codes
from ganvas.metrics.interval import wilson

Draw = Callable[[int, int, int, torch.Generator], Tensor]
"""(factor, index of its value, count, generator) → codes (count, c) of samples in which that factor has that value and
all else is drawn by chance."""

PRUNED_BELOW = 0.05
"""Standard deviation under which a code is dead."""


@dataclass(frozen=True)
class FactorVotes:
    """Held-out accuracy of "the least varying code names the factor"; chance gives about 1 / factors."""

    value: float
    interval: tuple[float, float]
    """95 %, of the votes; samples that are drawn again and again from one pool make it too narrow."""
    active: int
    """Codes that vary at all; only these can be voted for."""
    votes: Tensor
    """int64 (c, f): training votes; dead codes have none."""


def factor_vae_score(
    draw: Draw,
    values: Sequence[int],
    codes: Tensor,
    *,
    generator: torch.Generator,
    batch: int = 64,
    train_votes: int = 10_000,
    test_votes: int = 5_000,
) -> FactorVotes:
    """Majority vote of the code with the smallest variance, over its variance everywhere.

    Args:
        draw: samples with one factor fixed; `from_pool` makes one from arrays.
        values: how many values each factor has, of which one is drawn for each vote.
        codes: (N, c) of samples with nothing fixed, for the variances everywhere (published: 10,000).
        generator: a CPU generator.
        batch: samples a vote.

    Raises:
        GanvasError: no factor with two values, all codes dead, or codes that are not finite.
    """
    if not values or min(values) < 2:
        raise GanvasError(f"factors have {tuple(values)} values; a factor needs at least two to be fixed at one")
    spread = codes.double().std(dim=0)
    if not spread.isfinite().all():
        raise GanvasError("codes hold NaN or infinite values")
    alive = spread >= PRUNED_BELOW
    if not alive.any():
        raise GanvasError(f"no code varies by {PRUNED_BELOW} or more; scale the codes, or they are all constant")
    everywhere = torch.where(alive, spread.square(), 1.0)
    counts = torch.zeros(2, codes.shape[1], len(values), dtype=torch.int64)
    factors = torch.randint(len(values), (train_votes + test_votes,), generator=generator).tolist()
    for vote, factor in enumerate(factors):
        value = int(torch.randint(values[factor], (), generator=generator))
        ratio = draw(factor, value, batch, generator).double().var(dim=0) / everywhere
        counts[int(vote >= train_votes), int(ratio.masked_fill(~alive, torch.inf).argmin()), factor] += 1
    names = counts[0].argmax(dim=1)  # the factor that each code stands for
    right = int(counts[1].gather(1, names[:, None]).sum()) / test_votes
    return FactorVotes(right, wilson(right, test_votes), int(alive.sum()), counts[0])


def from_pool(codes: Tensor, factors: Tensor) -> tuple[Draw, list[int]]:
    """``draw`` and ``values`` of `factor_vae_score` for codes (N, c) and discrete factors int64 (N, f).

    It draws with replacement from the samples that have the value; a generator cannot be asked to hold a factor fixed.

    Raises:
        GanvasError: as of `check_codes`, or continuous factors.
    """
    check_codes(codes, factors)
    if factors.is_floating_point():
        raise GanvasError("FactorVAE's score holds a factor at one value: give whole numbers, or bin the factors first")
    pools = [[codes[column == value] for value in torch.unique(column)] for column in factors.T]

    def draw(factor: int, value: int, count: int, generator: torch.Generator) -> Tensor:
        pool = pools[factor][value]
        return pool[torch.randint(len(pool), (count,), generator=generator)]

    return draw, [len(pool) for pool in pools]
