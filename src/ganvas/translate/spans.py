"""Where tiles lie along one side of a picture, what of each is kept, and how neighbours share what both show."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Span:
    """One window along one side, in source pixels; every pair is [first, last)."""

    window: tuple[int, int]
    """What the network sees."""
    core: tuple[int, int]
    """What counts as this window's own: the cores of a side's windows cover it once."""
    kept: tuple[int, int]
    """What of its result is used: the core where seams are exact, the whole window where neighbours are blended."""
    ramp: int
    """Over how many pixels the share grows at a seam; 0 where seams are exact."""


def spans(length: int, tile: int, multiple: int, reach: int | None) -> list[Span]:
    """Windows over a side of ``length`` pixels, a multiple of ``multiple`` like every border of theirs.

    Args:
        tile: side of a core; what must be seen around it comes on top.
        reach: how far a network looks (`Translator.reach`). Known: windows stand out by it, so that every core is what
            it would be in the whole picture. None: they stand out by a quarter of a core, and are blended there.
    """
    core = _up(tile, multiple)
    margin = _up(core // 4 if reach is None else reach, multiple)
    found = []
    for first in range(0, length, core):
        last = min(first + core, length)
        window = (max(0, first - margin), min(length, last + margin))
        exact = reach is not None
        found.append(Span(window, (first, last), (first, last) if exact else window, 0 if exact else 2 * margin))
    return found


def shares(along: Sequence[Span], scale: int) -> list[Tensor]:
    """For each span the weight of each pixel it keeps, in pixels of the result: (scale · kept,). They are above 0
    everywhere, at the border of the picture too, and over all spans they add up to 1."""
    length = along[-1].window[1]
    weights = [_weights(span, length, scale) for span in along]
    total = torch.zeros(length * scale)
    for span, weight in zip(along, weights, strict=True):
        total[slice(*(scale * place for place in span.kept))] += weight
    return [
        weight / total[slice(*(scale * place for place in span.kept))]
        for span, weight in zip(along, weights, strict=True)
    ]


def pairs(rows: Sequence[Span], columns: Sequence[Span]) -> list[tuple[int, int]]:
    """All tiles as (row, column), row by row."""
    return list(itertools.product(range(len(rows)), range(len(columns))))


def _weights(span: Span, length: int, scale: int) -> Tensor:
    """1 inside; a straight ramp at every seam, half way up on the border of two cores."""
    first, last = span.kept
    places = first + (torch.arange(scale * (last - first)) + 0.5) / scale
    weight = torch.ones(len(places))
    if span.ramp and first > 0:
        weight = torch.minimum(weight, (places - first) / span.ramp)
    if span.ramp and last < length:
        weight = torch.minimum(weight, (last - places) / span.ramp)
    return weight


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple
