"""What every metric asks of its sets of features before it counts."""

from __future__ import annotations

from torch import Generator, Tensor, float64, randperm

from ganvas.errors import GanvasError


def check_set(name: str, features: Tensor, least: int) -> None:
    """They are finite (rows, d), at least ``least`` rows.

    Raises:
        GanvasError: naming the set and what is wrong with it.
    """
    if features.ndim != 2:
        raise GanvasError(f"{name} features have shape {tuple(features.shape)}; a metric needs (rows, dimensions)")
    if len(features) < least:
        raise GanvasError(f"{name}: {len(features)} samples are too few; this metric needs at least {least}")
    if not features.sum(dtype=float64).isfinite() and not features.isfinite().all():  # the sum alone is quick
        raise GanvasError(f"{name} features hold NaN or infinite values; look at the images or the extractor")


def check_pair(real: Tensor, fake: Tensor, least: int) -> None:
    """Both are finite (rows, d) with the same d and at least ``least`` rows.

    Raises:
        GanvasError: naming the set and what is wrong with it.
    """
    check_set("real", real, least)
    check_set("fake", fake, least)
    if real.shape[1] != fake.shape[1]:
        raise GanvasError(
            f"real features have {real.shape[1]} dimensions, fake ones {fake.shape[1]}; take one extractor for both"
        )


def draw(features: Tensor, rows: int, generator: Generator) -> Tensor:
    """So many random rows without replacement; the CPU generator picks the same ones on any device."""
    return features[randperm(len(features), generator=generator)[:rows].to(features.device)]
