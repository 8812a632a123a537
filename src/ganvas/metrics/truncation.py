"""Variety against quality: precision and recall as latents are cut off closer and closer to their mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ganvas.errors import GanvasError
from ganvas.metrics.interval import bootstrap_mean, wilson
from ganvas.metrics.neighbours import neighbour_scores


@dataclass(frozen=True)
class TruncationRow:
    """One point of the curve; intervals are 95 %, the real set held fixed."""

    tau: float
    scores: dict[str, float]
    """``precision``, ``recall``, ``density``, ``coverage``."""
    intervals: dict[str, tuple[float, float]]
    """By the same names."""


def truncation_curve(
    taus: Sequence[float],
    sample: Callable[[float], Tensor],
    real: Tensor,
    *,
    generator: torch.Generator,
    k_manifold: int = 3,
    k_density: int = 5,
) -> list[TruncationRow]:
    """Precision rises and recall falls as τ does (Brock et al. 2019, section 3.1; Kynkäänniemi et al. 2019, 4).

    Sample as many at each τ, from the same seeds, or the rows differ by more than τ.

    Args:
        taus: thresholds or strengths, in whatever meaning ``sample`` gives them.
        sample: τ → features (M, d) of pictures made with it.
        real: (N, d) features.
        generator: a CPU generator, for the interval of the density.

    Raises:
        GanvasError: no τ, or features that cannot be compared.
    """
    if not taus:
        raise GanvasError("a truncation curve needs at least one τ")
    rows = []
    for tau in taus:
        found = neighbour_scores(real, sample(tau), k_manifold=k_manifold, k_density=k_density)
        scores = found.means()
        intervals = {
            name: wilson(scores[name], len(getattr(found, name))) for name in ("precision", "recall", "coverage")
        }
        intervals["density"] = bootstrap_mean(found.density, generator)
        rows.append(TruncationRow(tau, scores, intervals))
    return rows
