"""The discriminator's scores on real and on generated pictures: histograms, and how far it tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ganvas.report.record import is_number

BINS = 40


@dataclass(frozen=True)
class Scores:
    """Histograms over common ``edges`` (BINS + 1 logits), as shares that sum to 1 on either side."""

    edges: list[float]
    real: list[float]
    fake: list[float]
    real_count: int
    fake_count: int
    real_mean: float
    fake_mean: float
    told_apart: float
    """Share of (real, generated) pairs in which the real picture scores higher, ties counting half: the area under the
    ROC curve. 1/2 says that the discriminator cannot tell; it means the same under every loss, as a threshold would
    not (only differences of scores are trained under a relativistic loss)."""


def read_scores(scores: dict[str, Any]) -> Scores | None:
    """Histogram ``{"real": [logits], "fake": [logits]}``; None where one side has no finite number."""
    real, fake = (_finite(scores.get(side)) for side in ("real", "fake"))
    if not (real.size and fake.size):
        return None
    edges = np.histogram_bin_edges(np.concatenate([real, fake]), BINS)
    return Scores(
        edges=[float(edge) for edge in edges],
        real=[float(share) for share in np.histogram(real, edges)[0] / real.size],
        fake=[float(share) for share in np.histogram(fake, edges)[0] / fake.size],
        real_count=real.size,
        fake_count=fake.size,
        real_mean=float(real.mean()),
        fake_mean=float(fake.mean()),
        told_apart=_told_apart(real, fake),
    )


def _finite(values: Any) -> np.ndarray:
    numbers = [value for value in values if is_number(value)] if isinstance(values, list) else []
    return np.asarray(numbers, np.float64)


def _told_apart(real: np.ndarray, fake: np.ndarray) -> float:
    fake = np.sort(fake)
    below = np.searchsorted(fake, real, side="left")
    not_above = np.searchsorted(fake, real, side="right")
    return float((below + not_above).mean() / (2 * fake.size))
