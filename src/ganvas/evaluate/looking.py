"""Pictures through extractors, part by part; each part's features are kept as soon as they are there, so that who
interrupts loses seconds, not hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganvas.evaluate.extractor import Extractor, OnProgress
from ganvas.evaluate.features_cache import keep_features, load_features, rows_key
from ganvas.evaluate.sets import Pictures

CHUNK = 256
"""Pictures that are made and looked at together."""
PART = 8 * CHUNK
"""Pictures whose features are kept together."""


@dataclass(frozen=True)
class Fakes:
    """``count`` pictures, wherever they come from; ``asked`` are the classes asked for (count,).

    ``draw`` makes those of any rows int64 (n,): uint8 (n, C, H, W). ``key`` names just these pictures; without one
    their features are not kept. Where all of them are kept, no picture is made.
    """

    draw: Callable[[np.ndarray], Tensor]
    count: int
    asked: Tensor | None = None
    key: str | None = None

    def chunks(self, start: int = 0) -> Iterator[Tensor]:
        """All from row ``start`` on, uint8 (≤ CHUNK, C, H, W) at a time."""
        for begin in range(start, self.count, CHUNK):
            yield self.draw(np.arange(begin, min(begin + CHUNK, self.count)))


def rows_of(pictures: Pictures, rows: np.ndarray) -> Fakes:
    """Those rows of a set."""
    return Fakes(
        lambda asked: torch.from_numpy(np.array(pictures.images[rows[asked]])),
        len(rows),
        key=rows_key(pictures.fingerprint, rows),
    )


def features_of(extractors: Sequence[Extractor], what: str, side: Fakes, on_progress: OnProgress) -> list[Tensor]:
    """Features (count, d) of each extractor: kept ones where there are; for the others the pictures pass by once."""
    kept = [_kept_parts(side, extractor) for extractor in extractors]
    missing = [number for number, parts in enumerate(kept) if len(parts) * PART < side.count]
    if missing:
        _look([extractors[i] for i in missing], [kept[i] for i in missing], what, side, on_progress)
    return [torch.cat(parts) for parts in kept]


@torch.no_grad()
def _look(
    extractors: Sequence[Extractor], kept: Sequence[list[Tensor]], what: str, side: Fakes, on_progress: OnProgress
) -> None:
    """Add the parts that are missing to ``kept``, one list an extractor; pictures start where the first is missing."""
    start = min(map(len, kept)) * PART
    waiting = side.chunks(start)
    for part in range(start // PART, -(-side.count // PART)):
        behind = [i for i, parts in enumerate(kept) if len(parts) <= part]
        rows: dict[int, list[Tensor]] = {i: [] for i in behind}
        done = part * PART
        while done < min((part + 1) * PART, side.count):
            images = next(waiting)
            for i in behind:
                rows[i].append(extractors[i](images))
            done += len(images)
            on_progress(f"looking at {what}", done, side.count)
        for i in behind:
            kept[i].append(torch.cat(rows[i]))
            if side.key:
                keep_features(_part_key(side.key, part), extractors[i], kept[i][-1])


def _kept_parts(side: Fakes, extractor: Extractor) -> list[Tensor]:
    """The leading parts of which features are kept."""
    parts: list[Tensor] = []
    while side.key and len(parts) * PART < side.count:
        features = load_features(_part_key(side.key, len(parts)), extractor)
        if features is None:
            break
        parts.append(features)
    return parts


def _part_key(key: str, part: int) -> str:
    return f"{key}, part {part} of {PART}"
