"""The pictures behind the scores: what came out best and worst, beside its source and its truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganvas.evaluate.translation.made import Made
from ganvas.evaluate.translation.pile import Rows
from ganvas.evaluate.translation.rulers import Ranked
from ganvas.evaluate.translation.ways import Way
from ganvas.images import viewable
from ganvas.training.sheets import shown

SHOWN = 6
"""Best ones, and as many worst."""
LARGE, CUT = 256, 192
"""Pictures longer than the first are shown by a square of the second from their middle: details matter."""


@dataclass(frozen=True)
class Case:
    """One picture in all its versions, uint8 (1 | 3, H, W), and what it is called."""

    name: str
    score: str
    pictures: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Figure:
    """Cases under common headings."""

    title: str
    caption: str
    headings: tuple[str, ...]
    cases: tuple[Case, ...]


def chosen(ranked: Ranked | None, count: int) -> tuple[Rows, Rows]:
    """(best, worst) rows, without any in both; evenly spread ones where nothing ranks them."""
    if ranked is None:
        return np.linspace(0, count - 1, min(count, SHOWN)).round().astype(np.int64), np.arange(0)
    order = ranked.values.argsort(descending=ranked.higher_is_better, stable=True).numpy()
    few = min(SHOWN, count // 2) or count
    return order[:few], order[::-1][: min(SHOWN, count - few)]


def columns_of(made: Made, rows: Rows) -> dict[str, Tensor]:
    """A method's pictures of these rows, under its name; and those of the way back."""
    places = torch.from_numpy(np.ascontiguousarray(rows))
    found = {made.method.name: viewable(made.pictures[places])}
    return found if made.back is None else found | {f"{made.method.name}, and back": viewable(made.back[places])}


def figures(
    way: Way, ranked: Ranked | None, best: Rows, worst: Rows, columns: Mapping[str, Tensor], name: str
) -> list[Figure]:
    """Best and worst cases of ``name``; ``columns`` hold the pictures of best + worst rows."""
    rows = np.concatenate([best, worst]).astype(np.int64)
    sources = way.sources.network(rows)
    size = tuple(side * way.scale for side in sources.shape[2:])
    versions = {way.names[0]: shown(sources, len(way.classes), size), **columns}
    if way.truths is not None:
        versions["truth"] = way.truths.levels(rows)
    words = f"by {ranked.words}" if ranked else "evenly spread"
    parts = {"Best": (0, len(best)), "Worst": (len(best), len(rows))} if ranked else {"Some": (0, len(rows))}
    made = []
    for title, (start, end) in parts.items():
        if start < end:
            cases = [_case(way, ranked, int(rows[place]), place, versions) for place in range(start, end)]
            cut = f" The middle {CUT} px of each." if max(versions[way.names[0]].shape[2:]) > LARGE else ""
            heading = f"{title} cases of {name}: {way.names[0]} → {way.names[1]}"
            made.append(
                Figure(heading, f"{end - start} of {len(way.sources):,}, {words}.{cut}", tuple(versions), tuple(cases))
            )
    return made


def _case(way: Way, ranked: Ranked | None, row: int, place: int, versions: Mapping[str, Tensor]) -> Case:
    score = f"{float(ranked.values[row]):.3f}" if ranked else ""
    return Case(
        way.sources.names[row], score, tuple(_middle(pictures[place].numpy()) for pictures in versions.values())
    )


def _middle(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[1:]
    if max(height, width) <= LARGE:
        return picture
    top, left = max(0, height - CUT) // 2, max(0, width - CUT) // 2
    return picture[:, top : top + CUT, left : left + CUT]
