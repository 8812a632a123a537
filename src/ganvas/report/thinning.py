"""Fewer points, told honestly: long runs must not make heavy pages, and a spike must not vanish."""

from __future__ import annotations

from collections.abc import Sequence


def evenly(count: int, most: int) -> list[int]:
    """At most ``most`` ≥ 2 indices out of ``range(count)``, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def extremes(values: Sequence[float | None], most: int) -> list[int]:
    """At most ``most`` ≥ 4 indices that keep what an eye looks for in a curve.

    The first and the last are kept; the stretch between is cut into equal buckets, and each bucket keeps its smallest
    and its largest value (or one gap when it holds nothing else).
    """
    if len(values) <= most:
        return list(range(len(values)))
    buckets, inner = (most - 2) // 2, len(values) - 2
    kept = {0, len(values) - 1}
    for b in range(buckets):
        bucket = range(1 + b * inner // buckets, 1 + (b + 1) * inner // buckets)
        present = [(value, i) for i in bucket if (value := values[i]) is not None]
        kept |= {min(present)[1], max(present)[1]} if present else {bucket[0]}
    return sorted(kept)
