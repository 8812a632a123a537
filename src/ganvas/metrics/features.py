"""What every metric asks of its two sets of features before it counts."""

from __future__ import annotations

from torch import Tensor

from ganvas.errors import GanvasError


def check_pair(real: Tensor, fake: Tensor, least: int) -> None:
    """Both are finite (rows, d) with the same d and at least ``least`` rows.

    Raises:
        GanvasError: naming the set and what is wrong with it.
    """
    for name, features in (("real", real), ("fake", fake)):
        if features.ndim != 2:
            raise GanvasError(f"{name} features have shape {tuple(features.shape)}; a metric needs (rows, dimensions)")
        if len(features) < least:
            raise GanvasError(f"{name}: {len(features)} samples are too few; this metric needs at least {least}")
        if not features.isfinite().all():
            raise GanvasError(f"{name} features hold NaN or infinite values; look at the images or the extractor")
    if real.shape[1] != fake.shape[1]:
        raise GanvasError(
            f"real features have {real.shape[1]} dimensions, fake ones {fake.shape[1]}; take one extractor for both"
        )
