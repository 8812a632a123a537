"""A card's numbers as rows of a page, with a bar from a collapsed generator to a perfect one where that makes sense."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ganvas.evaluate.card import Measurement
from ganvas.report import tables

BLIND = frozenset({"precision", "density", "random_precision", "midpoint_precision"})
"""A collapsed generator is as good as any in these, so their bars start at 0."""
BEYOND = 1.12
"""How far a bar's track reaches past the real-against-real mark."""
ACRONYMS = {name: name.upper() for name in ("c2st", "ct", "dci", "fid", "js", "sap")}
WIDE = 20.0
"""Distances whose ends differ by more than this factor are drawn on a logarithmic scale."""
DISTANCES = frozenset({"fid", "frechet_distance"})


@dataclass(frozen=True)
class Bar:
    """Places in percent of the track: the value, its interval, and the mark of a perfect generator."""

    value: float
    low: float
    high: float
    mark: float
    scale: str
    """What the two ends are, in words."""


@dataclass(frozen=True)
class Row:
    """One measurement in words."""

    name: str
    label: str
    value: str
    unit: str
    interval: str
    reference: str
    collapse: str
    better: str
    protocol: str
    why: str | None
    bar: Bar | None


def rows_of(measurements: Sequence[Measurement], with_extractor: bool = False) -> list[Row]:
    """As they come; the extractor is named where several are in one table."""
    return [_row(m, with_extractor) for m in measurements]


def _row(m: Measurement, with_extractor: bool) -> Row:
    by = f" ({m.protocol.extractor})" if with_extractor and m.protocol.extractor else ""
    return Row(
        name=_name(m.name) + by,
        label=m.label,
        value=_words(m.value, "n/a"),
        unit=m.unit if m.value is not None else "",
        interval=" to ".join(map(tables.number, m.interval)) if m.interval else "",
        reference=_words(m.reference),
        collapse=_words(m.collapse),
        better="↑" if m.better == "higher" else "↓",
        protocol=str(m.protocol),
        why=m.why,
        bar=bar_of(m),
    )


def _name(name: str) -> str:
    first, *rest = tables.words(name).split(" ")
    return " ".join([ACRONYMS.get(first.lower(), first), *rest])


def _words(value: float | None, missing: str = "–") -> str:
    return missing if value is None else tables.number(value)


def bar_of(m: Measurement) -> Bar | None:
    """None where a number has no two ends to stand between."""
    ends = _ends(m)
    if m.value is None or ends is None:
        return None
    worst, best, scale = ends
    if worst == best or (best > worst) != (m.better == "higher"):
        return None
    logarithmic = m.name in DISTANCES and min(worst, best, m.value) > 0 and max(worst, best) / min(worst, best) > WIDE

    def place(value: float) -> float:
        if logarithmic:
            way = math.log(max(value, 1e-300) / worst) / math.log(best / worst)
        else:
            way = (value - worst) / (best - worst)
        return round(100 * min(max(way / BEYOND, 0.0), 1.0), 2)

    low, high = sorted(map(place, m.interval or (m.value, m.value)))
    return Bar(place(m.value), low, high, place(best), scale + (", logarithmic" if logarithmic else ""))


def _ends(m: Measurement) -> tuple[float, float, str] | None:
    """The values of a collapsed and of a perfect generator."""
    if m.name == "c2st_p_value":
        return None
    if m.reference is None:
        if m.section == "disentangled" and m.better == "higher" and m.collapse is not None:
            return m.collapse, 1.0, "from chance to 1, which is perfect"
        return None
    if m.name in BLIND:
        return 0.0, m.reference, "from 0 to real against real"
    return (m.collapse, m.reference, "from collapse to real against real") if m.collapse is not None else None
